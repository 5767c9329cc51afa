/** Tokens that somebody else has signed, and headers that try to bring a key along. */
import { buildToken } from "../sign.ts";
import { orchestratorHeader } from "../valid-tokens.ts";
import { toForgeries, type Forgery, type Workshop } from "./forgery.ts";

export async function buildKeyForgeries({ identities, claims }: Workshop): Promise<Forgery[]> {
  const { rsa, ec, orchestrator, stranger, organization } = identities;
  const byStranger = async (header: object) => buildToken({ alg: "RS256", ...header }, claims, stranger.rsa.sign);
  const kids = [
    "rsa-2",
    "RSA-1",
    "rsa-1 ",
    "",
    "*",
    "../../../../dev/null",
    "x' OR '1'='1",
    "pss-1",
    "https://evil.example/key",
  ];
  const oddKids: unknown[] = [null, 0, true, ["rsa-1"], { kid: "rsa-1" }];
  const certificate = Object.values(stranger.rsa.jwk).join("");
  return toForgeries("key", [
    ["a stranger's", byStranger({ kid: "rsa-1" })],
    ["a stranger's, without kid", byStranger({})],
    ["a stranger's, EC", buildToken({ alg: "ES256", kid: "ec-1" }, claims, stranger.ec.sign)],
    ["a stranger's, EdDSA", buildToken({ alg: "EdDSA" }, claims, stranger.ed.sign)],
    ["a stranger's, as the orchestrator's", buildToken(orchestratorHeader, { orgID: organization }, stranger.rsa.sign)],
    ["for JWTs, as the orchestrator's", buildToken(orchestratorHeader, { orgID: organization }, rsa.sign)],
    ["the orchestrator's, for a JWT", buildToken({ alg: "RS256", kid: "rsa-1" }, claims, orchestrator.sign)],
    ["the orchestrator's, for a JWT without kid", buildToken({ alg: "RS256" }, claims, orchestrator.sign)],
    ["right, but the kid of another", buildToken({ alg: "RS256", kid: "ec-1" }, claims, rsa.sign)],
    ["EC, but the kid of another", buildToken({ alg: "ES256", kid: "rsa-1" }, claims, ec.sign)],
    ...kids.map((kid) => [`right, but kid ${kid}`, buildToken({ alg: "RS256", kid }, claims, rsa.sign)] as const),
    ...oddKids.map(
      (kid) => [`right, but kid ${JSON.stringify(kid)}`, buildToken({ alg: "RS256", kid }, claims, rsa.sign)] as const,
    ),
    ["embedded as jwk", byStranger({ jwk: stranger.rsa.jwk })],
    ["embedded as jwk with the right kid", byStranger({ kid: "rsa-1", jwk: { ...stranger.rsa.jwk, kid: "rsa-1" } })],
    ["pointed to by jku", byStranger({ kid: "rsa-1", jku: "http://127.0.0.1:9/jwks.json" })],
    ["pointed to by x5u", byStranger({ kid: "rsa-1", x5u: "http://127.0.0.1:9/cert.pem" })],
    ["embedded as x5c", byStranger({ kid: "rsa-1", x5c: [certificate.slice(0, 400)] })],
    ["named by x5t", byStranger({ x5t: "AAAAAAAAAAAAAAAAAAAAAAAAAAA", "x5t#S256": "A".repeat(43) })],
    ["embedded as symmetric jwk", byStranger({ alg: "HS256", jwk: { kty: "oct", k: "AAAA" } })],
  ]);
}
