/** The front door as it is deployed on Node, but on the bus in memory, beside an agent whose one run doesn't end. */
import { resolve } from "node:path";
import { loadAgentKeys } from "../../../adapters/node/agent-keys.ts";
import { withLocalKeys } from "../../../adapters/node/config.ts";
import { createLogger } from "../../../adapters/node/logger.ts";
import { demand } from "../../../adapters/node/run.ts";
import { serveApp } from "../../../adapters/node/serve.ts";
import { version } from "../../../adapters/node/version.ts";
import { startAgent } from "../../../k8s-agent/main.ts";
import { createMemoryBus } from "../../../src/bus/memory/memory-bus.ts";
import { readFrontDoorConfig } from "../../../src/config.ts";
import { createFrontDoor } from "../../../src/front-door.ts";
import { createIdleLauncher } from "../idle-launcher.ts";
import { readVariable, sayLine } from "./lines.ts";

const localDirectory = resolve(readVariable("LOCAL_DIRECTORY"));
const cluster = "local";
const config = demand(readFrontDoorConfig(await withLocalKeys(process.env, { localDirectory, cluster })));
const logger = createLogger(config.LOG_LEVEL);
const now = () => new Date();
const bus = createMemoryBus();
const launcher = createIdleLauncher({ hold: true, onLaunch: (runId) => sayLine({ runId }) });
const app = demand(await createFrontDoor({ config, bus, logger, now, version }));
const served = await serveApp(app, { host: "127.0.0.1", port: 0 });
startAgent({
  bus,
  launcher,
  keys: demand(await loadAgentKeys(localDirectory, cluster)),
  cluster,
  agent: "bench",
  capacity: 10,
  graceSeconds: 0,
  logger,
  now,
  random: Math.random,
});
sayLine({ url: served.url });
