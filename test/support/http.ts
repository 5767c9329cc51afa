/**
 * HTTP as a caller sends it, byte for byte: `fetch` would tidy up paths such as `/a/../b`, which is what a hostile caller
 * doesn't do.
 */
import { request, type Agent, type IncomingHttpHeaders, type OutgoingHttpHeaders } from "node:http";

/** What came back, whole. */
export interface HttpAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface HttpRequest {
  readonly method: string;
  /** Sent as it is. */
  readonly path: string;
  readonly headers?: OutgoingHttpHeaders;
  /** A list is sent in chunks, without a declared length. */
  readonly body?: string | Uint8Array | readonly string[];
  /** Whose connections are used; the process's own if left out. */
  readonly agent?: Agent;
}

/** Above the server's own longest hold (25 s): a server that hangs fails the test that asked, not the whole suite. */
const mostMilliseconds = 40_000;

/** Sends one request and reads its answer. */
export function sendRequest(url: string, { body, headers, ...options }: HttpRequest): Promise<HttpAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
  const { hostname, port } = new URL(url);
  const signal = AbortSignal.timeout(mostMilliseconds);
  const outgoing = request({ hostname, port, signal, ...options, headers: { ...headers, ...declareLength(body) } });
  outgoing.on("response", (incoming) => {
    const pieces: Buffer[] = [];
    incoming.on("data", (piece: Buffer) => pieces.push(piece));
    incoming.on("error", reject);
    incoming.on("end", () =>
      resolve({
        status: incoming.statusCode ?? 0,
        headers: incoming.headers,
        text: Buffer.concat(pieces).toString("utf8"),
      }),
    );
  });
  outgoing.on("error", reject);
  for (const piece of isWhole(body) ? [body] : (body ?? [])) outgoing.write(piece);
  outgoing.end();
  return promise;
}

function declareLength(body: HttpRequest["body"]): OutgoingHttpHeaders {
  return isWhole(body) ? { "Content-Length": Buffer.byteLength(body) } : {};
}

function isWhole(body: HttpRequest["body"]): body is string | Uint8Array {
  return typeof body === "string" || body instanceof Uint8Array;
}
