/** Serves an app on Node. */
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import type { Hono } from "hono";

export interface Served {
  /** `http://host:port` */
  readonly url: string;
  readonly port: number;
  /** Stops listening and waits for requests that are under way, at most a few seconds. */
  close(): Promise<void>;
}

/** Requests that are under way are waited for this long when the server stops. */
const patienceMilliseconds = 3000;

/** Resolves when the server listens; rejects when it can't. Port 0 takes a free one. */
export async function serveApp(
  app: Pick<Hono, "fetch">,
  { host, port }: { host: string; port: number },
): Promise<Served> {
  const answer = getRequestListener(app.fetch);
  const server = createServer((request, response) => void answer(request, response));
  const answering = new Set<ServerResponse>();
  server.on("request", (_, response) => {
    answering.add(response);
    response.once("close", () => answering.delete(response));
  });
  const address = await listen(server, { host, port });
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${address.port}`,
    port: address.port,
    async close() {
      const closed = new Promise((done) => server.close(done));
      // Or their connections would stay open behind the answers, and the server with them.
      for (const response of answering) response.shouldKeepAlive = false;
      const impatience = setTimeout(() => server.closeAllConnections(), patienceMilliseconds);
      await closed;
      clearTimeout(impatience);
    },
  };
}

function listen(server: Server, at: { host: string; port: number }): Promise<AddressInfo> {
  const { promise, resolve, reject } = Promise.withResolvers<AddressInfo>();
  server.once("error", reject);
  server.listen(at, () => {
    const address = server.address();
    if (address !== null && typeof address === "object") resolve(address);
    else reject(new Error(`Cannot listen on ${at.host}:${at.port}: it is no network address`));
  });
  return promise;
}
