/** JWTs of an identity provider: signed by a configured key, or by one that the provider publishes (JWKS). */
import { compactVerify, createRemoteJWKSet, customFetch, errors, type CryptoKey, type FetchImplementation } from "jose";
import { refuse, succeed, type Result } from "../../contract/result.ts";
import type { SignatureAlgorithm } from "./algorithms.ts";
import { checkClaims, getOwn, readEnd, type ClaimRules } from "./claims.ts";
import type { AuthenticationConfig } from "./config.ts";
import type { Jws } from "./jws.ts";
import { importPublicKeys, type VerificationKey } from "./public-key.ts";
import type { Rights } from "./rights.ts";
import { accept, reject, type Verdict } from "./verdict.ts";

type JwtConfig = NonNullable<AuthenticationConfig["jwt"]>;

export interface JwtOptions {
  readonly now: () => Date;
  /** Reads the key set; the runtime's own by default. */
  readonly fetch?: FetchImplementation | undefined;
}

/** Bounds of reading a key set. A `kid` that it doesn't have is looked for again, at most once in `cooldown`. */
const jwksMilliseconds = { timeoutDuration: 5000, cooldownDuration: 30_000, cacheMaxAge: 600_000 };

type FindKeys = (jws: Jws) => Promise<Result<VerificationKey[]> | Verdict>;

export async function createJwtVerifier(
  { keys = [], jwks, issuer, audience, ...rights }: JwtConfig,
  { now, fetch }: JwtOptions,
): Promise<Result<(jws: Jws) => Promise<Verdict>>> {
  const configured = await importPublicKeys(keys, "jwt.keys");
  if (!configured.ok) return configured;
  const published = jwks === undefined ? undefined : createPublishedKeys(jwks, fetch);
  return succeed(async (jws) => {
    if (!isAccessToken(jws)) return reject("its typ is not that of an access token");
    const rules = { now: now(), issuer, audience, rights };
    const verdict = await verify(jws, selectKeys(configured.value, jws), rules);
    if (verdict.kind === "accepted" || published === undefined) return verdict;
    const found = await published(jws);
    if ("kind" in found) return found;
    return found.ok ? verify(jws, found.value, rules) : reject(found.problem);
  });
}

/** One provider signs tokens for many purposes (a logout, a proof of possession): `typ` tells them apart (RFC 8725, 3.11). */
function isAccessToken({ header: { typ } }: Jws): boolean {
  return typ === undefined || (typeof typ === "string" && /^(application\/)?(at\+)?jwt$/i.test(typ));
}

/** Keys that may have signed a token, by the `kid` and the algorithm that it names. */
function selectKeys(keys: readonly VerificationKey[], { header }: Jws): VerificationKey[] {
  const { kid, alg } = header;
  return keys.filter(
    (key) =>
      (kid === undefined || key.kid === undefined || key.kid === kid) && key.algorithms.some((name) => name === alg),
  );
}

async function verify(
  jws: Jws,
  keys: readonly VerificationKey[],
  rules: ClaimRules & { rights: Rights },
): Promise<Verdict> {
  if (keys.length === 0) return reject("no key goes with its kid and alg");
  for (const { key, algorithms } of keys) {
    if (!(await isSignedBy(jws, key, algorithms))) continue;
    const claims = checkClaims(jws.payload, rules);
    if (!claims.ok) return reject(claims.problem);
    const subject = getOwn(jws.payload, "sub");
    const name = typeof subject === "string" && subject !== "" ? subject : "jwt";
    return accept({ kind: "jwt", name }, rules.rights, { until: readEnd(jws.payload) });
  }
  return reject("its signature is not that of a configured key");
}

async function isSignedBy({ text }: Jws, key: CryptoKey, algorithms: readonly SignatureAlgorithm[]): Promise<boolean> {
  try {
    await compactVerify(text, key, { algorithms: [...algorithms] });
    return true;
  } catch {
    return false;
  }
}

function createPublishedKeys(
  { url, algorithms }: NonNullable<JwtConfig["jwks"]>,
  fetch?: FetchImplementation,
): FindKeys {
  const options = fetch === undefined ? jwksMilliseconds : { ...jwksMilliseconds, [customFetch]: fetch };
  const find = createRemoteJWKSet(new URL(url), options);
  return async ({ header: { alg, kid } }) => {
    const algorithm = algorithms.find((name) => name === alg);
    if (algorithm === undefined) return refuse("its alg is not one of those configured for the key set");
    if (kid !== undefined && typeof kid !== "string") return refuse("its kid is not a string");
    try {
      const key = await find({ alg: algorithm, ...(kid === undefined ? {} : { kid }) });
      return succeed([{ kid, key, algorithms: [algorithm] }]);
    } catch (error) {
      return describeMissingKey(error);
    }
  };
}

/** Whether the set lacks the key, which is the token's fault, or couldn't be read, which is not. */
function describeMissingKey(error: unknown): Result<VerificationKey[]> | Verdict {
  if (error instanceof errors.JWKSNoMatchingKey) return refuse("the key set has no key for its kid and alg");
  if (error instanceof errors.JWKSMultipleMatchingKeys)
    return refuse("the key set has several keys for it: it needs a kid");
  const reason = error instanceof Error ? error.message : "unknown";
  return { kind: "unavailable", reason: `the key set can't be read: ${reason}` };
}
