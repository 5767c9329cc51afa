/**
 * Servers without tokens, which only programs on their own machine can reach. A browser is such a program, whoever made the
 * page that it shows: a page may send requests to loopback, and a name of its maker's may come to mean it (DNS rebinding).
 */

import { isLoopback } from "../../contract/loopback.ts";

/** Why a request to such a server isn't one of a program of its user's; undefined: it may be. */
export function describeIntruder(request: Request): string | undefined {
  const { hostname } = new URL(request.url);
  if (!isLoopback(hostname)) return `it asks for ${hostname}, which is no name of this machine`;
  return describeForeignPage(request);
}

/** Why a request comes from a page of another site; undefined: it doesn't, or not from a browser. */
export function describeForeignPage({ url, headers }: Request): string | undefined {
  // Browsers tell it of every request; nothing that a page does can change it.
  const site = headers.get("Sec-Fetch-Site") ?? "none";
  if (site !== "none" && site !== "same-origin") return "a page of another site has sent it";
  const origin = headers.get("Origin");
  const { host } = new URL(url);
  return origin === null || URL.parse(origin)?.host === host ? undefined : `a page of ${origin} has sent it`;
}

/** Whether it is certain that a page of this very server has sent a request. */
export function isFromOwnPage(request: Request): boolean {
  const { headers } = request;
  const says = headers.get("Sec-Fetch-Site") === "same-origin" || headers.has("Origin");
  return says && headers.get("Sec-Fetch-Site") !== "none" && describeForeignPage(request) === undefined;
}
