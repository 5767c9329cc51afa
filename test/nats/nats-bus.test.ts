import { afterAll } from "vitest";
import { natsServerVersions } from "../../scripts/nats-server.ts";
import { describeBus } from "../bus/describe-bus.ts";
import { openNatsStage } from "./nats-stage.ts";
import { startNatsServer } from "./server.ts";

const servers = new Map(
  await Promise.all(natsServerVersions.map(async (version) => [version, await startNatsServer({ version })] as const)),
);

afterAll(async () => {
  for (const server of servers.values()) await server.close();
});

for (const [version, server] of servers)
  describeBus(`the bus over NATS ${version}`, (options) => openNatsStage(server, options));
