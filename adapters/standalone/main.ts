/** `npm start`: the standalone server until it is interrupted. */
import { resolve } from "node:path";
import { createLogger } from "../node/logger.ts";
import { runProgram } from "../node/run.ts";
import { readStandaloneConfig } from "./config.ts";
import { startStandalone } from "./standalone.ts";

const localDirectory = resolve(".local");
await runProgram(await readStandaloneConfig(process.env, localDirectory), async (config) => {
  const server = await startStandalone({ config, logger: createLogger(config.LOG_LEVEL), localDirectory });
  console.log(`Container Driver listens on ${server.url} (API: ${server.url}/docs/spec.json); Ctrl-C stops it`);
  return server;
});
