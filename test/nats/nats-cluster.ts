/** Three nats-servers that replicate their streams, for tests. */
import { createServer, type AddressInfo } from "node:net";
import type { NatsServerVersion } from "../../scripts/nats-server.ts";
import { startNatsServer, type NatsServer } from "./server.ts";

/** Starts them, by name; each takes connections then, JetStream may take a moment longer to elect its leader. */
export async function startNatsCluster(version: NatsServerVersion): Promise<Map<string, NatsServer>> {
  const ports = await findFreePorts(3);
  const routes = ports.map((port) => `"nats://127.0.0.1:${port}"`).join(", ");
  const started = ports.map(async (port) => {
    const name = `n${port}`;
    const cluster = `cluster { name: replicas, listen: "127.0.0.1:${port}", routes: [${routes}] }`;
    return [name, await startNatsServer({ version, config: `server_name: ${name}\n${cluster}` })] as const;
  });
  return new Map(await Promise.all(started));
}

async function findFreePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  await Promise.all(servers.map((server) => new Promise<void>((done) => server.listen(0, "127.0.0.1", done))));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}
