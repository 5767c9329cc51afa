/** A TCP proxy before the API server that does to connections what networks do. */
import { connect, createServer, isIP, type AddressInfo, type Socket } from "node:net";
import { once } from "node:events";
import { Transform } from "node:stream";
import { KubeConfig } from "@kubernetes/client-node";

export interface Cutter {
  /** Leads through the proxy. */
  readonly kubeConfig: KubeConfig;
  /** Cuts all connections that there are; says how many. */
  cut(): number;
  /** Lets nothing through any more on the connections that there are, and tells nobody. */
  freeze(): void;
  /** New connections that carry nothing for so long are cut; undefined: none are. */
  idleMilliseconds: number | undefined;
  /** What new connections let through from the server, bytes a second; undefined: everything. */
  bytesPerSecond: number | undefined;
  close(): Promise<void>;
}

export async function openCutter(original: KubeConfig): Promise<Cutter> {
  const cluster = original.getCurrentCluster();
  if (cluster === null) throw new Error("Cannot open a cutter: the kubeconfig names no cluster");
  const target = new URL(cluster.server);
  const pairs = new Set<readonly Socket[]>();
  const server = createServer((inner) => {
    const outer = connect({ host: target.hostname, port: Number(target.port || 443) });
    const pair = [inner, outer];
    pairs.add(pair);
    const end = () => {
      pairs.delete(pair);
      for (const socket of pair) socket.destroy();
    };
    for (const socket of pair) {
      socket.on("error", end).on("close", end);
      if (cutter.idleMilliseconds !== undefined) socket.setTimeout(cutter.idleMilliseconds, end);
    }
    inner.pipe(outer);
    if (cutter.bytesPerSecond === undefined) outer.pipe(inner);
    else outer.pipe(createThrottle(cutter.bytesPerSecond)).pipe(inner);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");

  const cutter: Cutter = {
    kubeConfig: redirect(original, target.hostname, server.address() as AddressInfo),
    idleMilliseconds: undefined,
    bytesPerSecond: undefined,
    cut() {
      const count = pairs.size;
      for (const [socket] of pairs) socket?.destroy();
      return count;
    },
    freeze() {
      for (const pair of pairs) for (const socket of pair) socket.unpipe().pause();
    },
    async close() {
      cutter.cut();
      server.close();
      await once(server, "close");
    },
  };
  return cutter;
}

function redirect(original: KubeConfig, hostname: string, { port }: AddressInfo): KubeConfig {
  // An address is no server name; this one is in every API server's certificate.
  const tlsServerName = isIP(hostname) === 0 ? hostname : "kubernetes.default.svc";
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromOptions({
    users: original.users,
    contexts: original.contexts,
    currentContext: original.currentContext,
    clusters: original.clusters.map((cluster) => ({
      ...cluster,
      server: `https://127.0.0.1:${port}`,
      tlsServerName: cluster.tlsServerName ?? tlsServerName,
    })),
  });
  return kubeConfig;
}

function createThrottle(bytesPerSecond: number): Transform {
  return new Transform({
    highWaterMark: 16 * 1024,
    transform(chunk: Buffer, _, done) {
      setTimeout(() => done(null, chunk), (chunk.length / bytesPerSecond) * 1000);
    },
  });
}
