/** `npm run dev:node`: the front door on Node, over NATS. */
import { resolve } from "node:path";
import { createLazyBus } from "../../src/bus/lazy-bus.ts";
import { createNatsBus } from "../../src/bus/nats/nats-bus.ts";
import { createFrontDoor } from "../../src/front-door.ts";
import { readNodeConfig, type NodeConfig } from "./config.ts";
import { createLogger } from "./logger.ts";
import { connectNats } from "./nats-connection.ts";
import { demand, runProgram, type Program } from "./run.ts";
import { serveApp } from "./serve.ts";
import { version } from "./version.ts";

await runProgram(await readNodeConfig(process.env, resolve(".local")), start);

async function start(config: NodeConfig): Promise<Program> {
  const logger = createLogger(config.LOG_LEVEL);
  const now = () => new Date();
  const connection = { url: config.NATS_URL, credentialsFile: config.NATS_CREDENTIALS, name: "front-door", logger };
  const open = async () => createNatsBus({ connection: await connectNats(connection) });
  const bus = createLazyBus({ open, patienceMilliseconds: 900 });
  const app = demand(await createFrontDoor({ config, bus, logger, now, version }));
  const served = await serveApp(app, { host: config.HOST, port: config.PORT });
  console.log(
    `Container Driver's front door listens on ${served.url} (API: ${served.url}/docs/spec.json); Ctrl-C stops it`,
  );
  return {
    failed: new Promise(() => {}),
    async stop() {
      await served.close();
      await bus.close();
    },
  };
}
