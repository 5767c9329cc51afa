/**
 * A link on another site. Browsers hold a session's cookie back for it (SameSite=Strict), and a server without tokens takes no
 * request of another site's page. An empty page of our own asks again, and tells its maker nothing: it can't be framed, and
 * can't be read from outside.
 */
import type { Context, MiddlewareHandler } from "hono";
import { h } from "./element.ts";
import { renderPage } from "./layout.ts";
import { respondWithPage } from "./page-headers.ts";

export const comeAgain: MiddlewareHandler = async (c, next) => {
  if (!isLinkFromElsewhere(c)) return next();
  const { pathname, search } = new URL(c.req.url);
  const to = pathname + search;
  const main = [h("p", {}, h("a", { href: to }, "Go on to the page"))];
  return respondWithPage(c, renderPage({ title: "One moment", main, goOnTo: to }));
};

function isLinkFromElsewhere({ req }: Context): boolean {
  const site = req.header("Sec-Fetch-Site");
  const isForeign = site === "cross-site" || site === "same-site";
  return isForeign && req.method === "GET" && req.header("Sec-Fetch-Dest") === "document";
}
