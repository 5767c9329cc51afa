/**
 * Lets in whoever shows a bearer token (RFC 6750) that satisfies the configuration. A caller who is refused learns that,
 * and what to do; which check failed goes to our log only, as it would tell a forger what to try next.
 */
import type { Context, MiddlewareHandler } from "hono";
import type { FetchImplementation } from "jose";
import { succeed, type Result } from "../../contract/result.ts";
import { respondWithError } from "../../errors.ts";
import type { Logger } from "../../log.ts";
import { parseBearer } from "./bearer.ts";
import type { AuthenticationConfig } from "./config.ts";
import { isOpen } from "./config.ts";
import { parseJws, type Jws } from "./jws.ts";
import { createJwtVerifier } from "./jwt.ts";
import { describeIntruder } from "./loopback.ts";
import { createOrchestratorVerifier } from "./orchestrator.ts";
import { createStaticTokens } from "./static-tokens.ts";
import { allRights, type Rights } from "./rights.ts";
import { reject, type Caller, type Verdict } from "./verdict.ts";

/** What later handlers find in the context. */
export interface AuthenticationVariables {
  caller: Caller;
  rights: Rights;
  /** When what the caller was let in by ends, milliseconds since 1970; left out where it says no end. */
  validUntil?: number | undefined;
}

export interface AuthenticationOptions {
  readonly logger: Logger;
  readonly now: () => Date;
  /** Reads a key set; the runtime's own by default. */
  readonly fetch?: FetchImplementation;
}

type Authenticate = MiddlewareHandler<{ Variables: AuthenticationVariables }>;

/**
 * Builds the middleware. The problem says which configured key can't be used. Without any configuration everybody is let
 * in: whoever starts a server that others can reach has to ask `isOpen` first.
 */
export async function createAuthentication(
  config: AuthenticationConfig,
  options: AuthenticationOptions,
): Promise<Result<Authenticate>> {
  if (isOpen(config)) return succeed(letEverybodyIn);
  const verify = await createVerifier(config, options);
  return verify.ok ? succeed(requireToken(verify.value, options.logger)) : verify;
}

/** Judges a token as it was sent. */
export type Verify = (token: string) => Promise<Verdict>;

/** For servers that nobody else can reach, but by way of a browser. */
export const letEverybodyIn: Authenticate = async (c, next) => {
  const intruder = describeIntruder(c.req.raw);
  if (intruder !== undefined) {
    const message = `Cannot take this request without a token: ${intruder}. Set TOKEN_HASHES for callers like this`;
    return respondWithError(c, "RES-104", message);
  }
  c.set("caller", { kind: "anonymous", name: "anonymous" });
  c.set("rights", allRights);
  await next();
};

/** Lets in whoever shows a token that is accepted. */
export function requireToken(verify: Verify, logger: Logger): Authenticate {
  return async (c, next) => {
    const verdict = await judge(c.req.header("Authorization"), verify);
    if (verdict.kind === "accepted") {
      c.set("caller", verdict.caller);
      c.set("rights", verdict.rights);
      c.set("validUntil", verdict.until);
      await next();
      return;
    }
    const fields = { component: "authenticate", method: c.req.method, path: c.req.path, reason: verdict.reason };
    if (verdict.kind === "unavailable") {
      logger.error(fields, "Can't tell whether a caller may come in");
      return respondUnavailable(c);
    }
    logger.warn(fields, "Refused a caller");
    return respondRefused(c);
  };
}

async function judge(header: string | undefined, verify: Verify): Promise<Verdict> {
  if (header === undefined) return reject("there is no Authorization header");
  const token = parseBearer(header);
  return token.ok ? verify(token.value) : reject(token.problem);
}

function respondRefused(c: Context): Response {
  c.header("WWW-Authenticate", "Bearer");
  return respondWithError(
    c,
    "RES-103",
    "Cannot let the caller in: send Authorization: Bearer <token>, with a token that this driver was configured to take",
  );
}

function respondUnavailable(c: Context): Response {
  c.header("Retry-After", "5");
  return respondWithError(
    c,
    "RES-152",
    "Cannot check the token: the keys to check it with can't be read; try again soon",
  );
}

/** Judges what was sent as a token: the text of it, or a signed one. */
type Judge = (token: string, jws: Result<Jws>) => Promise<Verdict>;

/** One verdict out of all that are configured: the first that accepts. */
export async function createVerifier(
  config: AuthenticationConfig,
  options: AuthenticationOptions,
): Promise<Result<Verify>> {
  const judges: [name: string, judge: Judge][] = [];
  if (config.tokens !== undefined) judges.push(["tokens", createStaticTokens(config.tokens)]);
  const signed = {
    orchestrator: config.orchestrator && (await createOrchestratorVerifier(config.orchestrator, options)),
    jwt: config.jwt && (await createJwtVerifier(config.jwt, options)),
  };
  for (const [name, created] of Object.entries(signed)) {
    if (created?.ok === false) return created;
    if (created !== undefined)
      judges.push([name, async (_, jws) => (jws.ok ? created.value(jws.value) : reject(jws.problem))]);
  }
  return succeed(async (token) => askJudges(judges, token));
}

async function askJudges(judges: readonly [string, Judge][], token: string): Promise<Verdict> {
  const jws = parseJws(token);
  const reasons: string[] = [];
  let unavailable = false;
  for (const [name, judge] of judges) {
    const verdict = await judge(token, jws);
    if (verdict.kind === "accepted") return verdict;
    if (verdict.kind === "unavailable") unavailable = true;
    reasons.push(`${name}: ${verdict.reason}`);
  }
  return { kind: unavailable ? "unavailable" : "refused", reason: reasons.join("; ") };
}
