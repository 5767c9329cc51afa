/** Something outside the cluster that containers in it ask whether they may go on: a test learns that they are there, and says when. */
import { createServer } from "node:http";
import { once } from "node:events";
import { waitUntil } from "../../support/wait-until.ts";

export interface Gate {
  /** A line of shell that waits until the gate of this name is opened; busybox has what it needs. */
  awaitInShell(name: string): string;
  /** Waits until a container asks for it. */
  arrival(name: string): Promise<void>;
  open(name: string): void;
  close(): Promise<void>;
}

/** Listens on an address of this machine that pods reach. */
export async function openGate(host: string): Promise<Gate> {
  const [asked, opened] = [new Set<string>(), new Set<string>()];
  const server = createServer(({ url = "" }, response) => {
    asked.add(url.slice(1));
    response.statusCode = opened.has(url.slice(1)) ? 200 : 503;
    response.end();
  });
  server.listen(0, host);
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("Cannot open a gate: it has no port");
  const url = `http://${host}:${address.port}`;
  return {
    awaitInShell: (name) => `until wget -q -O /dev/null ${url}/${name} 2>/dev/null; do sleep 0.2; done`,
    arrival: async (name) => void (await waitUntil(`${name} is at the gate`, () => asked.has(name), { seconds: 60 })),
    open: (name) => void opened.add(name),
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}
