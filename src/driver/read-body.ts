/**
 * A request's body, never more of it than the limit. Only one whose length isn't declared is looked at as a stream: the Node
 * adapter has a faster way for the others, and reads on behind an answer only where nobody has made a stream of the body.
 */
import type { Context } from "hono";

export type ReadBody =
  | { readonly kind: "read"; readonly bytes: Uint8Array }
  /** `actual` is undefined where the length was not declared, and is more than we care to count. */
  | { readonly kind: "too-large"; readonly actual: number | undefined }
  /** The caller has gone before it was whole. */
  | { readonly kind: "cut-off" }
  /** Nothing unpacks it here: what is small could become as large as one likes. */
  | { readonly kind: "encoded"; readonly encoding: string };

export async function readBody(c: Context, most: number): Promise<ReadBody> {
  const encoding = c.req.header("Content-Encoding") ?? "";
  if (!/^(identity)?$/i.test(encoding)) return { kind: "encoded", encoding };
  const declared = getDeclaredLength(c);
  if (declared !== undefined && declared > most) return { kind: "too-large", actual: declared };
  try {
    const stream = declared === undefined ? c.req.raw.body : null;
    if (stream !== null) return await readStream(stream.getReader(), most);
    const bytes = new Uint8Array(await c.req.arrayBuffer());
    // Servers hold a caller to the length that it declared; not every way into an app is a server.
    return bytes.length > most ? { kind: "too-large", actual: bytes.length } : { kind: "read", bytes };
  } catch {
    // Nothing of ours can fail in reading: the connection was lost.
    return { kind: "cut-off" };
  }
}

/** Undefined: it comes in chunks. With both headers the chunks count (RFC 9112, section 6.3). */
function getDeclaredLength(c: Context): number | undefined {
  if (c.req.header("Transfer-Encoding") !== undefined) return undefined;
  const length = c.req.header("Content-Length");
  return length === undefined ? undefined : Number(length);
}

/** How far to read on over the limit. An answer before a body's end may not reach a caller who still writes. */
const mostReadOn = 8 * 1024 * 1024;

async function readStream(reader: ReadableStreamDefaultReader<Uint8Array>, most: number): Promise<ReadBody> {
  const bytes = new Uint8Array(most);
  let size = 0;
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    if (size + read.value.length <= most) bytes.set(read.value, size);
    size += read.value.length;
    if (size > most + mostReadOn) return { kind: "too-large", actual: undefined };
  }
  return size > most ? { kind: "too-large", actual: size } : { kind: "read", bytes: bytes.subarray(0, size) };
}
