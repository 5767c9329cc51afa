/** The cookie that a session travels in: unseen by scripts, sent by our own pages alone, and over TLS but for loopback. */
import type { Context } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { isLoopback } from "../../contract/loopback.ts";

const name = "container-driver-session";

/** Far more than a session is, characters. */
const longest = 4096;

export function readSessionCookie(c: Context): string | undefined {
  const { prefix } = describeCookie(c);
  const text = getCookie(c, name, prefix);
  return text === undefined || text === "" || text.length > longest ? undefined : text;
}

export function writeSessionCookie(c: Context, { text, until }: { text: string; until: Date }): void {
  const { prefix, options } = describeCookie(c);
  setCookie(c, name, text, { ...options, ...(prefix === undefined ? {} : { prefix }), expires: until });
}

export function clearSessionCookie(c: Context): void {
  const { prefix, options } = describeCookie(c);
  deleteCookie(c, name, { ...options, ...(prefix === undefined ? {} : { prefix }) });
}

/** `__Host-` has browsers refuse one that another host, or plain HTTP, has set. */
function describeCookie(c: Context) {
  const secure = !isLoopback(new URL(c.req.url).hostname);
  const options = { httpOnly: true, sameSite: "Strict", path: "/", secure } as const;
  return { prefix: secure ? ("host" as const) : undefined, options };
}
