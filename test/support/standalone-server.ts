/** The standalone server within the test's own process, so that a test can look at its bus. */
import { join } from "node:path";
import { demand } from "../../adapters/node/run.ts";
import { serveApp } from "../../adapters/node/serve.ts";
import { version } from "../../adapters/node/version.ts";
import { readStandaloneConfig } from "../../adapters/standalone/config.ts";
import { startStandalone } from "../../adapters/standalone/standalone.ts";
import { createFrontDoor } from "../../src/front-door.ts";
import { createConsoleLogger } from "../../src/log.ts";
import type { LocalTraces, OpenServer } from "../cases/server.ts";
import { createTemporaryDirectory, type TemporaryDirectory } from "./temporary-directory.ts";
import { createLocalWitness } from "./witness.ts";

export type StandaloneServer = OpenServer & LocalTraces;

/** `variables`: the server's configuration, in place of its own for local processes. */
export async function startStandaloneServer(
  variables: Readonly<Record<string, string>> = {},
): Promise<StandaloneServer> {
  const directory = await createTemporaryDirectory();
  try {
    return await startIn(directory, variables);
  } catch (error) {
    await directory.remove();
    throw error;
  }
}

async function startIn(
  directory: TemporaryDirectory,
  variables: Readonly<Record<string, string>>,
): Promise<StandaloneServer> {
  const localDirectory = join(directory.path, ".local");
  const lines: string[] = [];
  const now = () => new Date();
  const logger = createConsoleLogger({ write: (line) => void lines.push(line), now, level: "debug" });
  const environment = { PORT: "0", RUNS_DIRECTORY: join(directory.path, "runs"), GRACE_SECONDS: "1", ...variables };
  const readConfig = async () => demand(await readStandaloneConfig(environment, localDirectory));
  const server = await startStandalone({ config: await readConfig(), logger, localDirectory });
  const { CLUSTER: cluster } = await readConfig();

  /** As the standalone server makes its own, over the same bus and the keys that are in `.local/`. */
  async function startFrontDoor(): Promise<{ url: string; stop(): Promise<void> }> {
    const options = { bus: server.bus, logger, now, version, catchAll: cluster };
    const app = demand(await createFrontDoor({ config: await readConfig(), ...options }));
    const { url, close } = await serveApp(app, { host: "127.0.0.1", port: 0 });
    return { url, stop: close };
  }

  return {
    url: server.url,
    bus: server.bus,
    cluster,
    runsDirectory: join(directory.path, "runs", `port-${new URL(server.url).port}`),
    localDirectory,
    createWitness: () => createLocalWitness(join(directory.path, "witnesses")),
    ownLog: () => lines.join("\n"),
    startFrontDoor,
    async stop() {
      await server.stop();
      await directory.remove();
    },
  };
}
