/** Tokens that must be let in, and as whom. Each forgery differs from one of these in one thing. */
import type { Identities } from "./identities.ts";
import { buildToken } from "./sign.ts";

export interface ValidToken {
  readonly name: string;
  /** The Authorization header. */
  readonly authorization: string;
  readonly caller: { readonly kind: "token" | "jwt" | "orchestrator"; readonly name: string };
}

/** Claims of a sound JWT. */
export function buildClaims({ issuer, audience }: Pick<Identities, "issuer" | "audience">, now: Date) {
  const seconds = Math.floor(now.getTime() / 1000);
  return { iss: issuer, aud: audience, sub: "alice", iat: seconds - 60, nbf: seconds - 60, exp: seconds + 600 };
}

/** The header of the orchestrator's token as it is in the wild. */
export const orchestratorHeader = { type: "JWT", typ: "RS256", kid: "9d:4c:1f:00" };

export async function buildValidTokens(identities: Identities, now = new Date()): Promise<ValidToken[]> {
  const jwts = await buildValidJwts(identities, now);
  const orchestrators = await buildValidOrchestratorTokens(identities, now);
  const { staticToken } = identities;
  return [
    ...jwts.map(([name, token]) => accept("jwt", { name, authorization: `Bearer ${token}`, as: "alice" })),
    ...orchestrators.map(([name, token]) =>
      accept("orchestrator", { name, authorization: `Bearer ${token}`, as: "acme" }),
    ),
    ...["Bearer ", "bearer ", "BEARER ", "Bearer    "].map((scheme) =>
      accept("token", {
        name: `static token after ${JSON.stringify(scheme)}`,
        authorization: scheme + staticToken,
        as: "ci",
      }),
    ),
  ];
}

async function buildValidJwts(identities: Identities, now: Date): Promise<[string, string][]> {
  const { rsa, pss, ec, ed } = identities;
  const claims = buildClaims(identities, now);
  const { exp: _, iat: __, nbf: ___, ...timeless } = claims;
  const rsaHeader = { alg: "RS256", typ: "JWT", kid: "rsa-1" };
  return [
    ["RS256", await buildToken(rsaHeader, claims, rsa.sign)],
    ["RS256 without kid", await buildToken({ alg: "RS256" }, claims, rsa.sign)],
    ["PS256 by a key that is for it", await buildToken({ alg: "PS256", kid: "pss-1" }, claims, pss.sign)],
    ["ES256", await buildToken({ alg: "ES256", kid: "ec-1" }, claims, ec.sign)],
    ["EdDSA", await buildToken({ alg: "EdDSA" }, claims, ed.sign)],
    ["EdDSA by its other name", await buildToken({ alg: "Ed25519", kid: "any" }, claims, ed.sign)],
    ["an access token by RFC 9068", await buildToken({ ...rsaHeader, typ: "at+jwt" }, claims, rsa.sign)],
    ["audience as a list", await buildToken(rsaHeader, { ...claims, aud: ["x", claims.aud] }, rsa.sign)],
    ["without times", await buildToken(rsaHeader, timeless, rsa.sign)],
    ["expired within the tolerance", await buildToken(rsaHeader, { ...claims, exp: claims.iat + 45 }, rsa.sign)],
    ["ahead within the tolerance", await buildToken(rsaHeader, { ...claims, nbf: claims.iat + 75 }, rsa.sign)],
    [
      "times with fractions",
      await buildToken(rsaHeader, JSON.stringify(claims).replace(/("exp":\d+)/, "$1.0"), rsa.sign),
    ],
    ["claims of its own", await buildToken(rsaHeader, { ...claims, roles: [{ a: "b:c" }], "x:y": '":"' }, rsa.sign)],
    [
      "an embedded key that nobody uses",
      await buildToken({ ...rsaHeader, jwk: identities.stranger.rsa.jwk }, claims, rsa.sign),
    ],
  ];
}

async function buildValidOrchestratorTokens(identities: Identities, now: Date): Promise<[string, string][]> {
  const { orchestrator, organization } = identities;
  const payload = { orgID: organization };
  const exp = Math.floor(now.getTime() / 1000) + 600;
  return [
    ["orchestrator's, as in the wild", await buildToken(orchestratorHeader, payload, orchestrator.sign)],
    ["orchestrator's, with alg", await buildToken({ alg: "RS256", typ: "JWT", kid: "x" }, payload, orchestrator.sign)],
    ["orchestrator's, bare", await buildToken({}, payload, orchestrator.sign)],
    ["orchestrator's, with a time", await buildToken(orchestratorHeader, { ...payload, exp }, orchestrator.sign)],
  ];
}

function accept(
  kind: ValidToken["caller"]["kind"],
  { name, authorization, as }: { name: string; authorization: string; as: string },
): ValidToken {
  return { name, authorization, caller: { kind, name: as } };
}
