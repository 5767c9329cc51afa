/**
 * Reads on where a request was refused before its body had come. In HTTP/1.1 the next request stands behind it on the same
 * connection, and a caller who still writes when the connection closes may lose the answer (RFC 9112, 9.3 and 9.6).
 */
import type { Context, MiddlewareHandler } from "hono";

/** More than this isn't read, so that nobody can keep us reading. */
const most = { bytes: 8 * 1024 * 1024, milliseconds: 2000 };

export function readOn(): MiddlewareHandler {
  return async (c, next) => {
    await next();
    // Looking at a body makes a stream of it, which costs: only where one may be left.
    if (hasBody(c) && c.res.status >= 400 && !(await exhaust(c.req.raw.body))) c.header("Connection", "close");
  };
}

function hasBody(c: Context): boolean {
  return c.req.header("Transfer-Encoding") !== undefined || (c.req.header("Content-Length") ?? "0") !== "0";
}

/** Reads and forgets what is left; false when that is more than we care to read. */
async function exhaust(body: ReadableStream<Uint8Array> | null): Promise<boolean> {
  if (body === null || body.locked) return true;
  const reader = body.getReader();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => (timer = setTimeout(() => resolve(undefined), most.milliseconds)));
  try {
    for (let left = most.bytes; left > 0;) {
      const read = await Promise.race([reader.read(), late]);
      if (read === undefined || read.done) return read !== undefined;
      left -= read.value.length;
    }
    return false;
  } catch {
    // The caller has gone, and nobody waits for the answer.
    return false;
  } finally {
    clearTimeout(timer);
  }
}
