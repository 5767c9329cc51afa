/** Who is let in may still not do everything. These stand behind authentication; where that was left out, they let nobody on. */
import type { Context, MiddlewareHandler } from "hono";
import { respondWithError } from "../../errors.ts";
import type { SessionVariables } from "./accept-sessions.ts";
import { coversDriver, hasRight, type Right, type Rights } from "./rights.ts";
import type { Caller } from "./verdict.ts";

type Environment = { Variables: Partial<SessionVariables> };

/** What the caller of a request may do; undefined where nobody has asked who it is. */
export function getRights(c: Context<Environment>): Rights | undefined {
  return c.get("rights");
}

/** Who the caller of a request is; undefined where nobody has asked. */
export function getCaller(c: Context<Environment>): Caller | undefined {
  return c.get("caller");
}

/** When what the caller was let in by ends, milliseconds since 1970; undefined where it says no end. */
export function getValidUntil(c: Context<Environment>): number | undefined {
  return c.get("validUntil");
}

/** Whether the caller of a request came by a session. */
export function hasSession(c: Context<Environment>): boolean {
  return c.get("hasSession") === true;
}

/** Lets on who has a right. */
export function requireRight(right: Right): MiddlewareHandler<Environment> {
  return async (c, next) => {
    const rights = getRights(c);
    if (rights !== undefined && hasRight(rights, right)) return next();
    return respondWithError(c, "RES-104", `Cannot let the caller do this: its token has not the right to ${right}`);
  };
}

/** Lets on whose token is for the driver in the path (`:driver`). */
export const requireDriver: MiddlewareHandler<Environment> = async (c, next) => {
  const rights = getRights(c);
  if (rights !== undefined && coversDriver(rights, c.req.param("driver") ?? "")) return next();
  return respondWithError(c, "RES-104", "Cannot let the caller do this: its token is not for this driver");
};
