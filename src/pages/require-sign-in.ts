/** Leads people who have no session to where they get one; programs are told 401. */
import type { Context, MiddlewareHandler } from "hono";
import { readSessionCookie } from "../middleware/authenticate/session-cookie.ts";
import { h } from "./element.ts";
import { renderPage } from "./layout.ts";
import { respondWithPage } from "./page-headers.ts";

export const requireSignIn: MiddlewareHandler = async (c, next) => {
  if (c.req.header("Authorization") !== undefined) return next();
  if (readSessionCookie(c) === undefined) return isFromElsewhere(c) ? comeAgain(c) : leadToSignIn(c);
  await next();
  if (c.res.status !== 401) return;
  c.res = undefined;
  c.res = leadToSignIn(c);
};

/**
 * A link on another site: browsers hold a session's cookie back for it (SameSite=Strict). Our own page asks again, and then
 * it comes.
 */
function isFromElsewhere(c: Context): boolean {
  const site = c.req.header("Sec-Fetch-Site");
  return c.req.method === "GET" && (site === "cross-site" || site === "same-site");
}

function comeAgain(c: Context): Response {
  const to = readOwnPath(c);
  const main = [h("p", {}, h("a", { href: to }, "Go on to the page"))];
  return respondWithPage(c, renderPage({ title: "One moment", main, goOnTo: to }));
}

function leadToSignIn(c: Context): Response {
  const to = c.req.method === "GET" ? readOwnPath(c) : "/";
  return new Response(null, { status: 303, headers: { Location: `/sign-in?to=${encodeURIComponent(to)}` } });
}

function readOwnPath(c: Context): string {
  const { pathname, search } = new URL(c.req.url);
  return pathname + search;
}
