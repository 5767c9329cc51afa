/**
 * Headers of every page. Nothing but our own style sheet and script is loaded, nothing inline runs, no other site frames a
 * page or hears where its links lead.
 */
import type { Context } from "hono";

const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "require-trusted-types-for 'script'",
].join("; ");

const headers: Readonly<Record<string, string>> = {
  "Content-Security-Policy": contentSecurityPolicy,
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
  // Not `no-referrer`: with that, browsers tell our own forms' origin as `null`.
  "Referrer-Policy": "same-origin",
  "X-Content-Type-Options": "nosniff",
  // What a run did is nobody else's, and changes.
  "Cache-Control": "no-store",
  Vary: "Accept",
};

export function respondWithPage(c: Context, html: string, status: 200 | 401 | 503 = 200): Response {
  for (const [name, value] of Object.entries(headers)) c.header(name, value);
  return c.html(html, status);
}

/** The same for an answer that isn't made by Hono's context. */
export function buildPageResponse(
  html: string,
  { status, headers: own }: { status: number; headers: Headers },
): Response {
  const all = new Headers(headers);
  all.set("Content-Type", "text/html; charset=UTF-8");
  for (const name of ["Retry-After", "X-Request-Id"]) {
    const value = own.get(name);
    if (value !== null) all.set(name, value);
  }
  return new Response(html, { status, headers: all });
}
