/** Tokens whose header names an algorithm that the key is not for, or none. */
import { base64url } from "jose";
import { signDifferently, type Signer } from "../identities.ts";
import { buildToken, encodePart, signAs, signWithSecret } from "../sign.ts";
import { orchestratorHeader } from "../valid-tokens.ts";
import { toForgeries, type Forgery, type Workshop } from "./forgery.ts";

const noneSpellings = [
  "none",
  "None",
  "NONE",
  "nOnE",
  "none ",
  " none",
  "none\u0000",
  "n\u043ene",
  "",
  "null",
  "undefined",
];
const noneValues = [null, 0, false, true, ["none"], ["RS256"], { alg: "none" }];

export async function buildNoneForgeries({
  identities: { rsa, orchestrator, organization },
  claims,
}: Workshop): Promise<Forgery[]> {
  const payload = encodePart(claims);
  const algs: unknown[] = [...noneSpellings, ...noneValues];
  const real = (await buildToken({ alg: "RS256", kid: "rsa-1" }, claims, rsa.sign)).split(".")[2];
  const organizationPart = encodePart({ orgID: organization });
  return [
    ...(await toForgeries(
      "alg none",
      algs.map((alg) => [JSON.stringify(alg), `${encodePart({ alg, kid: "rsa-1" })}.${payload}.`]),
    )),
    ...(await toForgeries(
      "alg none with a signature",
      algs.map((alg) => [JSON.stringify(alg), `${encodePart({ alg })}.${payload}.${real}`]),
    )),
    ...(await toForgeries("alg none with one byte", [["none", `${encodePart({ alg: "none" })}.${payload}.AA`]])),
    ...(await toForgeries("alg missing", [
      ["unsigned", `${encodePart({ typ: "JWT" })}.${payload}.`],
      ["signed by a key for JWTs", buildToken({ typ: "JWT", kid: "rsa-1" }, claims, rsa.sign)],
    ])),
    ...(await toForgeries("orchestrator's unsigned", [
      ["as in the wild", `${encodePart(orchestratorHeader)}.${organizationPart}.`],
      ["alg none", `${encodePart({ ...orchestratorHeader, alg: "none" })}.${organizationPart}.`],
    ])),
    ...(await toForgeries(
      "orchestrator's, well signed, but alg",
      algs.map((alg) => [
        JSON.stringify(alg),
        buildToken({ ...orchestratorHeader, alg }, { orgID: organization }, orchestrator.sign),
      ]),
    )),
  ];
}

/** The public key as an HMAC secret: what a verifier that believes `alg` falls for. */
export async function buildConfusionForgeries({ identities, claims }: Workshop): Promise<Forgery[]> {
  const { rsa, ec, ed, orchestrator, organization } = identities;
  const targets: [string, Signer, object, object][] = [
    ["RSA", rsa, { kid: "rsa-1" }, claims],
    ["EC", ec, { kid: "ec-1" }, claims],
    ["Ed25519", ed, {}, claims],
    ["orchestrator's", orchestrator, orchestratorHeader, { orgID: organization }],
  ];
  const forgeries = targets.map(async ([key, signer, header, payload]) =>
    toForgeries(
      `HMAC with the ${key} public key`,
      listSecrets(signer).flatMap(([form, secret]) =>
        (
          [
            ["HS256", "SHA-256"],
            ["HS384", "SHA-384"],
            ["HS512", "SHA-512"],
          ] as const
        ).map(
          ([alg, hash]) =>
            [`${form}, ${alg}`, buildToken({ ...header, alg }, payload, signWithSecret(secret, hash))] as const,
        ),
      ),
    ),
  );
  return (await Promise.all(forgeries)).flat();
}

function listSecrets({ pem, jwk }: Signer): [string, string | Uint8Array][] {
  const { n, x } = jwk;
  const material = typeof n === "string" ? n : String(x);
  const lines = pem.trim().split("\n");
  return [
    ["PEM", pem],
    ["PEM trimmed", pem.trim()],
    ["PEM with a last newline", `${pem.trim()}\n`],
    ["PEM with CR LF", lines.join("\r\n")],
    [
      "DER",
      base64url.decode(lines.slice(1, -1).join("").replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")),
    ],
    ["JWK", JSON.stringify(jwk)],
    ["key material", base64url.decode(material)],
    ["key material's text", material],
    ["a zero byte", new Uint8Array(1)],
  ];
}

/** Well signed by a configured key, but not as that key is configured to. */
export async function buildMismatchForgeries({ identities, claims }: Workshop): Promise<Forgery[]> {
  const { rsa, pss, ec, ed, orchestrator, organization } = identities;
  const asPss = await signDifferently(rsa, { name: "RSA-PSS", hash: "SHA-256" }, { name: "RSA-PSS", saltLength: 32 });
  const asRs512 = await signDifferently(rsa, { name: "RSASSA-PKCS1-v1_5", hash: "SHA-512" }, "RSASSA-PKCS1-v1_5");
  const asRs1 = await signDifferently(rsa, { name: "RSASSA-PKCS1-v1_5", hash: "SHA-1" }, "RSASSA-PKCS1-v1_5");
  const pssAsRs256 = await signDifferently(pss, { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }, "RSASSA-PKCS1-v1_5");
  const odd = { orgID: organization };
  const oddPss = await signDifferently(
    orchestrator,
    { name: "RSA-PSS", hash: "SHA-256" },
    { name: "RSA-PSS", saltLength: 32 },
  );
  const oddRs512 = await signDifferently(
    orchestrator,
    { name: "RSASSA-PKCS1-v1_5", hash: "SHA-512" },
    "RSASSA-PKCS1-v1_5",
  );
  const oddRs1 = await signDifferently(orchestrator, { name: "RSASSA-PKCS1-v1_5", hash: "SHA-1" }, "RSASSA-PKCS1-v1_5");
  const renamed = [
    "rs256",
    "RS256 ",
    "RS384",
    "RS512",
    "PS256",
    "ES256",
    "EdDSA",
    "HS256",
    "RSA-OAEP",
    "RSASSA-PKCS1-v1_5",
  ];
  return toForgeries("algorithm that the key is not for", [
    ["PS256 by the RS256 key", buildToken({ alg: "PS256", kid: "rsa-1" }, claims, asPss)],
    ["PS256 by the RS256 key, without kid", buildToken({ alg: "PS256" }, claims, asPss)],
    ["PS256 called RS256", buildToken({ alg: "RS256", kid: "rsa-1" }, claims, asPss)],
    ["RS512 by the RS256 key", buildToken({ alg: "RS512", kid: "rsa-1" }, claims, asRs512)],
    ["RS512 called RS256", buildToken({ alg: "RS256", kid: "rsa-1" }, claims, asRs512)],
    ["SHA-1 called RS256", buildToken({ alg: "RS256", kid: "rsa-1" }, claims, asRs1)],
    ["RS1", buildToken({ alg: "RS1", kid: "rsa-1" }, claims, asRs1)],
    ["RS256 by the PS256 key", buildToken({ alg: "RS256", kid: "pss-1" }, claims, pssAsRs256)],
    ["RS256 by the PS256 key, without kid", buildToken({ alg: "RS256" }, claims, pssAsRs256)],
    ["ES384 by the P-256 key", buildToken({ alg: "ES384", kid: "ec-1" }, claims, ec.sign)],
    ["ES256K by the P-256 key", buildToken({ alg: "ES256K", kid: "ec-1" }, claims, ec.sign)],
    ["ES256 by the Ed25519 key", buildToken({ alg: "ES256" }, claims, ed.sign)],
    ["Ed448 by the Ed25519 key", buildToken({ alg: "Ed448" }, claims, ed.sign)],
    ["orchestrator's as PS256", buildToken({ ...orchestratorHeader, alg: "PS256" }, odd, oddPss)],
    ["orchestrator's as PS256 without alg", buildToken(orchestratorHeader, odd, oddPss)],
    ["orchestrator's as RS512", buildToken({ ...orchestratorHeader, alg: "RS512" }, odd, oddRs512)],
    ["orchestrator's as RS512 without alg", buildToken({ ...orchestratorHeader, typ: "RS512" }, odd, oddRs512)],
    ["orchestrator's with SHA-1", buildToken(orchestratorHeader, odd, oddRs1)],
    ...renamed.map((alg) => [`RS256 called ${alg}`, buildToken({ alg, kid: "rsa-1" }, claims, rsa.sign)] as const),
  ]);
}

/** Signatures that a careless verifier takes for any message. */
export async function buildSignatureForgeries({ identities, claims }: Workshop): Promise<Forgery[]> {
  const order = base64url.decode("_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE");
  const zero = new Uint8Array(32);
  const one = Uint8Array.from({ length: 32 }, (_, i) => (i === 31 ? 1 : 0));
  const both = (r: Uint8Array, s: Uint8Array) => Uint8Array.of(...r, ...s);
  const ec: [string, Uint8Array][] = [
    ["all zero", both(zero, zero)],
    ["r = 0, s = 1", both(zero, one)],
    ["r = 1, s = 0", both(one, zero)],
    ["r and s the order of the curve", both(order, order)],
    ["r = 1, s the order", both(one, order)],
    ["all ones", new Uint8Array(64).fill(0xff)],
    ["one byte short", new Uint8Array(63)],
    ["one byte long", new Uint8Array(65)],
    ["DER zeros", Uint8Array.of(0x30, 6, 2, 1, 0, 2, 1, 0)],
    ["a single byte", new Uint8Array(1)],
  ];
  const neutral = Uint8Array.from({ length: 64 }, (_, i) => (i === 0 ? 1 : 0));
  const rsa: [string, Uint8Array][] = [
    ["all zero", new Uint8Array(256)],
    ["one", Uint8Array.from({ length: 256 }, (_, i) => (i === 255 ? 1 : 0))],
    ["all ones", new Uint8Array(256).fill(0xff)],
    ["too short", new Uint8Array(128)],
    ["too long", new Uint8Array(512)],
  ];
  const odd = { orgID: identities.organization };
  const { sign } = identities.ec;
  const derLike: typeof sign = async (signed) => toDer(await sign(signed));
  return [
    ...(await toForgeries(
      "ECDSA signature",
      ec.map(([name, bytes]) => [name, buildToken({ alg: "ES256", kid: "ec-1" }, claims, signAs(bytes))]),
    )),
    ...(await toForgeries("ECDSA signature", [
      ["right, in DER", buildToken({ alg: "ES256", kid: "ec-1" }, claims, derLike)],
    ])),
    ...(await toForgeries("Ed25519 signature", [
      ["all zero", buildToken({ alg: "EdDSA" }, claims, signAs(new Uint8Array(64)))],
      ["neutral element", buildToken({ alg: "EdDSA" }, claims, signAs(neutral))],
    ])),
    ...(await toForgeries(
      "RSA signature",
      rsa.map(([name, bytes]) => [name, buildToken({ alg: "RS256", kid: "rsa-1" }, claims, signAs(bytes))]),
    )),
    ...(await toForgeries(
      "orchestrator's signature",
      rsa.map(([name, bytes]) => [name, buildToken(orchestratorHeader, odd, signAs(bytes))]),
    )),
  ];
}

function toDer(signature: Uint8Array): Uint8Array {
  const integer = (bytes: Uint8Array) => {
    const padded = (bytes[0] ?? 0) > 0x7f ? [0, ...bytes] : [...bytes];
    return [2, padded.length, ...padded];
  };
  const body = [...integer(signature.subarray(0, 32)), ...integer(signature.subarray(32))];
  return Uint8Array.of(0x30, body.length, ...body);
}
