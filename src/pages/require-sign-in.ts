/** Leads people who have no session to where they get one; programs are told 401. */
import type { Context, MiddlewareHandler } from "hono";
import { readSessionCookie } from "../middleware/authenticate/session-cookie.ts";

export const requireSignIn: MiddlewareHandler = async (c, next) => {
  if (c.req.header("Authorization") !== undefined) return next();
  if (readSessionCookie(c) === undefined) return leadToSignIn(c);
  await next();
  if (c.res.status !== 401) return;
  c.res = undefined;
  c.res = leadToSignIn(c);
};

function leadToSignIn({ req }: Context): Response {
  const { pathname, search } = new URL(req.url);
  const to = req.method === "GET" ? pathname + search : "/";
  return new Response(null, { status: 303, headers: { Location: `/sign-in?to=${encodeURIComponent(to)}` } });
}
