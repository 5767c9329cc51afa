import { afterAll } from "vitest";
import type { NatsServerVersion } from "../../scripts/nats-server.ts";
import { describeBus } from "../bus/describe-bus.ts";
import { openNatsStage } from "./nats-stage.ts";
import { startNatsServer } from "./server.ts";

/** Runs the bus suite on one release of the server; one file each, so that they run side by side. */
export async function describeNatsBus(version: NatsServerVersion): Promise<void> {
  const server = await startNatsServer({ version });
  afterAll(() => server.close());
  describeBus(`the bus over NATS ${version}`, (options) => openNatsStage(server, options));
}
