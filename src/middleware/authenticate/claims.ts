/** The claims of a JWT that say when, by whom and for whom it holds (RFC 7519, section 4.1). */
import { isRawNumber, type JsonObject, type JsonValue } from "../../contract/json.ts";
import { refuse, succeed, type Result } from "../../contract/result.ts";

/** How far the clocks of signer and verifier may be apart. */
const toleranceSeconds = 30;

export interface ClaimRules {
  readonly now: Date;
  /** Without it, any issuer that holds the key. */
  readonly issuer?: string | undefined;
  /** Without it, the token may be for anybody. */
  readonly audience?: string | undefined;
}

/** Times are checked when they are there: the orchestrator's token has none. */
export function checkClaims(claims: JsonObject, { now, issuer, audience }: ClaimRules): Result<undefined> {
  const seconds = now.getTime() / 1000;
  const times = [
    checkTime(claims, "exp", (exp) => exp > seconds - toleranceSeconds),
    checkTime(claims, "nbf", (nbf) => nbf <= seconds + toleranceSeconds),
    checkTime(claims, "iat", (iat) => iat <= seconds + toleranceSeconds),
  ];
  const refused = times.find(({ ok }) => !ok);
  if (refused !== undefined) return refused;
  if (issuer !== undefined && getOwn(claims, "iss") !== issuer) return refuse("its iss is not the configured issuer");
  if (audience !== undefined && !namesAudience(getOwn(claims, "aud"), audience)) {
    return refuse("its aud does not name the configured audience");
  }
  return succeed(undefined);
}

/** When a token ends whose claims were checked, milliseconds since 1970; undefined where it says no end. */
export function readEnd(claims: JsonObject): number | undefined {
  const seconds = readSeconds(getOwn(claims, "exp"));
  return seconds === undefined ? undefined : seconds * 1000;
}

/** A claim of the token's own: not what every object inherits. */
export function getOwn(claims: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(claims, name) ? claims[name] : undefined;
}

function checkTime(claims: JsonObject, name: string, holds: (seconds: number) => boolean): Result<undefined> {
  const claim = getOwn(claims, name);
  if (claim === undefined) return succeed(undefined);
  const seconds = readSeconds(claim);
  if (seconds === undefined) return refuse(`its ${name} is not a time in seconds`);
  return holds(seconds) ? succeed(undefined) : refuse(`its ${name} says that it doesn't hold now`);
}

function readSeconds(claim: JsonValue | undefined): number | undefined {
  const seconds = isRawNumber(claim) ? Number(claim.rawJSON) : claim;
  return typeof seconds === "number" && Number.isFinite(seconds) ? seconds : undefined;
}

function namesAudience(claim: JsonValue | undefined, audience: string): boolean {
  if (!Array.isArray(claim)) return claim === audience;
  return claim.every((one) => typeof one === "string") && claim.includes(audience);
}
