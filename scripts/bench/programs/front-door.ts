/**
 * The front door as it is deployed on Node, log included: over NATS or, without `NATS_URL`, on the bus in memory and beside an
 * agent whose runs don't end.
 */
import { connectTo } from "../connect.ts";
import { createLogger } from "../../../adapters/node/logger.ts";
import { demand } from "../../../adapters/node/run.ts";
import { serveApp } from "../../../adapters/node/serve.ts";
import { startAgent } from "../../../k8s-agent/main.ts";
import { createMemoryBus } from "../../../src/bus/memory/memory-bus.ts";
import { createNatsBus } from "../../../src/bus/nats/nats-bus.ts";
import type { Bus } from "../../../src/bus/port.ts";
import { readFrontDoorConfig } from "../../../src/config.ts";
import { createFrontDoor } from "../../../src/front-door.ts";
import { createIdleLauncher } from "../idle-launcher.ts";
import { cluster, readAgentKeys } from "../keys.ts";
import { readCounters, readMemory } from "./counters.ts";
import { answerQuestions, sayLine } from "./lines.ts";

const config = demand(readFrontDoorConfig(process.env));
const logger = createLogger(config.LOG_LEVEL);
const now = () => new Date();
const url = process.env["NATS_URL"];
const connection = url === undefined ? undefined : await connectTo(url);
const bus = connection === undefined ? createMemoryBus() : createNatsBus({ connection });
const app = demand(await createFrontDoor({ config, bus, logger, now, version: "bench" }));
const served = await serveApp(app, { host: "127.0.0.1", port: 0 });
if (connection === undefined) await holdRuns(bus);
sayLine({ url: served.url });
await answerQuestions(async () => ({ ...readMemory(), ...(connection === undefined ? {} : readCounters(connection)) }));

async function holdRuns(bus: Bus): Promise<void> {
  const launcher = createIdleLauncher({ hold: true, onLaunch: (runId) => sayLine({ runId }) });
  const common = { cluster, agent: "bench", capacity: 10, graceSeconds: 0, logger, version: "bench" };
  startAgent({ ...common, bus, launcher, keys: await readAgentKeys(), now, random: Math.random });
}
