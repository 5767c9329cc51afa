/** `npm start`: the standalone server until it is interrupted. */
import { resolve } from "node:path";
import { createLogger } from "../node/logger.ts";
import { readStandaloneConfig } from "./config.ts";
import { startStandalone } from "./standalone.ts";

const localDirectory = resolve(".local");
const config = await readStandaloneConfig(process.env, localDirectory);
if (!config.ok) {
  console.error(`Cannot start: ${config.problem}`);
  process.exit(2);
}

const logger = createLogger(config.value.LOG_LEVEL);
try {
  const server = await startStandalone({ config: config.value, logger, localDirectory });
  console.log(`Container Driver listens on ${server.url} (API: ${server.url}/docs/spec.json); Ctrl-C stops it`);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void server.stop());
  await server.finished;
} catch (error) {
  console.error(describe(error));
  // A front door without its agent would take requests that nobody carries out.
  process.exit(1);
}

function describe(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.startsWith("Cannot ") ? message : `Cannot run the server: ${message}`;
}
