/** A witness for containers in pods: they tell it over HTTP how often they ran, and ask it whether they may go on. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { CoreV1Api } from "@kubernetes/client-node";
import { waitUntil } from "../../support/wait-until.ts";
import type { Witness } from "../../support/witness.ts";
import { findHostAddress } from "../support/host-address.ts";

/** `path` is a URL. */
export interface PodWitness extends Witness {
  /** A line of busybox's shell that adds a line to a file of the witness. */
  tell(name: string, line: string): string;
  /** A line of busybox's shell that waits for a file of the witness; the run's own deadline bounds it. */
  hold(name: string): string;
  /** When a file was written last, milliseconds on `performance`'s clock. */
  readTime(name: string): number;
  close(): Promise<void>;
}

export async function startPodWitness(core: CoreV1Api): Promise<PodWitness> {
  const files = new Map<string, string>();
  const times = new Map<string, number>();
  const waiting = new Map<string, Set<ServerResponse>>();

  function write(name: string, text = ""): void {
    files.set(name, text);
    times.set(name, performance.now());
    for (const answer of waiting.get(name) ?? []) answer.end();
    waiting.delete(name);
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const name = (request.url ?? "/").slice(1);
    if (request.method === "POST") {
      let text = "";
      for await (const piece of request.setEncoding("utf8")) text += String(piece);
      write(name, `${files.get(name) ?? ""}${text}\n`);
    } else if (!files.has(name)) {
      waiting.set(name, (waiting.get(name) ?? new Set()).add(response));
      return;
    }
    response.end();
  }

  const server = createServer((request, response) => {
    // A container that is killed breaks off.
    answer(request, response).catch(() => response.destroy());
  });
  server.listen(0, await findHostAddress(core));
  await once(server, "listening");
  const { address, port } = server.address() as AddressInfo;
  const path = `http://${address}:${port}`;
  return {
    path,
    read: (name) => Promise.resolve(files.get(name) ?? ""),
    write: (name, text) => Promise.resolve(write(name, text)),
    await: (name, options) => waitUntil(`a container told ${name}`, () => files.get(name), { seconds: 60, ...options }),
    tell: (name, line) => `wget -q -O /dev/null --post-data "${line}" ${path}/${name}`,
    // A shell that waits for a child in the foreground doesn't look at signals.
    hold: (name) => `until { wget -q -O /dev/null ${path}/${name} & wait $!; }; do sleep 0.2; done`,
    readTime: (name) => times.get(name) ?? Number.NaN,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
