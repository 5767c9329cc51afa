/** Serves an app on Node. */
import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import type { Hono } from "hono";

export interface Served {
  /** `http://host:port` */
  readonly url: string;
  readonly port: number;
  /** Stops listening and waits for requests that are under way, at most a few seconds. */
  close(): Promise<void>;
}

/** Resolves when the server listens; rejects when it can't. Port 0 takes a free one. */
export async function serveApp(
  app: Pick<Hono, "fetch">,
  { host, port }: { host: string; port: number },
): Promise<Served> {
  const { promise, resolve, reject } = Promise.withResolvers<AddressInfo>();
  const server = serve({ fetch: app.fetch, hostname: host, port }, resolve);
  server.once("error", reject);
  const address = await promise;
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${address.port}`,
    port: address.port,
    async close() {
      const closed = new Promise((done) => server.close(done));
      const impatience = setTimeout(() => "closeAllConnections" in server && server.closeAllConnections(), 3000);
      if ("closeIdleConnections" in server) server.closeIdleConnections();
      await closed;
      clearTimeout(impatience);
    },
  };
}
