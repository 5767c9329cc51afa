/** Lets in whoever has a session, where people read runs; everybody else is asked for a token as always. */
import type { MiddlewareHandler } from "hono";
import { respondWithError } from "../../errors.ts";
import type { Logger } from "../../log.ts";
import type { AuthenticationVariables } from "./authenticate.ts";
import { isFromOwnPage } from "./loopback.ts";
import { readSessionCookie } from "./session-cookie.ts";
import type { Sessions } from "./sessions.ts";

export interface AcceptSessionsOptions {
  readonly sessions: Pick<Sessions, "resume">;
  /** Asks for a token. */
  readonly authenticate: MiddlewareHandler;
  readonly logger: Logger;
}

export interface SessionVariables extends AuthenticationVariables {
  /** Whether the caller came by a session. */
  hasSession: boolean;
}

const safeMethods = new Set(["GET", "HEAD"]);

export function acceptSessions({
  sessions,
  authenticate,
  logger,
}: AcceptSessionsOptions): MiddlewareHandler<{ Variables: Partial<SessionVariables> }> {
  return async (c, next) => {
    // Who says that he is a program is taken for one.
    const text = c.req.header("Authorization") === undefined ? readSessionCookie(c) : undefined;
    if (text === undefined) return authenticate(c, next);
    const resumed = await sessions.resume(text);
    if (!resumed.ok) {
      logger.info({ component: "authenticate", reason: resumed.problem }, "A session is not accepted");
      return authenticate(c, next);
    }
    // A cookie comes with whatever a browser sends: that it was one of our pages has to be certain.
    if (!safeMethods.has(c.req.method) && !isFromOwnPage(c.req.raw))
      return respondWithError(c, "RES-104", "Cannot take this request: a page of another site may have sent it");
    c.set("caller", resumed.value.caller);
    c.set("rights", resumed.value.rights);
    c.set("validUntil", resumed.value.until);
    c.set("hasSession", true);
    await next();
  };
}
