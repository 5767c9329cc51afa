/**
 * `npm run dev:node`, `dev:deno`, `dev:workers`: the front door for development on each of its runtimes, over a broker whose
 * streams are made when they are missing. Variables are those of docs/configuration.md; what the environment leaves out
 * comes from `.local/`.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fillInFrontDoor, readNodeConfig, type Environment, type NodeConfig } from "../adapters/node/config.ts";
import { readWorkerConfig, workerVariables } from "../adapters/cloudflare/config.ts";
import { createLogger } from "../adapters/node/logger.ts";
import { provisionBroker } from "../adapters/node/provision-broker.ts";
import { demand } from "../adapters/node/run.ts";
import { runScript } from "./run-script.ts";

interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly environment: Environment;
}

const root = resolve(import.meta.dirname, "..");
const localDirectory = resolve(".local");

const runtimes = {
  node: {
    broker: "nats://127.0.0.1:4222",
    build: async (environment: Environment): Promise<Command> => ({
      file: process.execPath,
      args: [join(root, "adapters/node/main.ts")],
      environment,
    }),
  },
  deno: {
    broker: "nats://127.0.0.1:4222",
    build: async (environment: Environment): Promise<Command> => ({
      file: "deno",
      args: ["task", "--quiet", "start"],
      environment,
    }),
  },
  workers: { broker: "ws://127.0.0.1:9222", build: buildWrangler },
};

/** Nothing leaves the machine, and nothing is written outside of the project. */
const wranglerVariables = {
  CLOUDFLARE_INCLUDE_PROCESS_ENV: "true",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_WRITE_LOGS: "false",
  WRANGLER_REGISTRY_PATH: ".wrangler/registry",
};

/** wrangler takes a Worker's variables from its own environment: so no key is in an argument, and none in another file. */
async function buildWrangler(environment: Environment, { HOST, PORT }: NodeConfig): Promise<Command> {
  const filled = await fillInFrontDoor(environment, { localDirectory, cluster: "local", always: false });
  const { NATS_CREDENTIALS: file } = filled;
  const credentials = file ? { NATS_CREDENTIALS: await readFile(file, "utf8") } : {};
  const known = Object.entries(filled).filter(([name]) => Object.hasOwn(workerVariables, name));
  const bindings = { ...Object.fromEntries(known), HOST, ...credentials };
  demand(readWorkerConfig(bindings));
  const flags = ["--show-interactive-dev-session=false", "--inspector-port=0", "--config", join(root, "wrangler.toml")];
  return {
    file: "wrangler",
    args: ["dev", "--ip", HOST, "--port", String(PORT), ...flags],
    environment: {
      PATH: environment["PATH"],
      HOME: environment["HOME"],
      ...wranglerVariables,
      ...bindings,
    },
  };
}

/** Runs a command in a process group of its own, so that whoever stops us stops everything that it has started, once. */
async function runToEnd({ file, args, environment }: Command): Promise<number> {
  const child = spawn(file, args, { env: environment, stdio: ["ignore", "inherit", "inherit"], detached: true });
  let asked = 0;
  const stop = (signal: NodeJS.Signals) => signalGroup(child, asked++ === 0 ? signal : "SIGKILL");
  process.on("SIGINT", stop).on("SIGTERM", stop);
  const [code] = (await once(child, "exit")) as [number | null];
  signalGroup(child, "SIGKILL");
  return asked > 0 ? 0 : (code ?? 1);
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch (error) {
    // Nobody is left.
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

async function develop(runtime: keyof typeof runtimes): Promise<number> {
  const { broker, build } = runtimes[runtime];
  const environment = { ...process.env, NATS_URL: process.env["NATS_URL"] || broker };
  const config = demand(await readNodeConfig(environment, localDirectory));
  const command = await build(environment, config);
  const ending = new AbortController();
  const provisioned = provisionBroker({
    url: config.NATS_URL,
    clusters: Object.keys(config.CLUSTERS),
    localDirectory,
    logger: createLogger("info"),
    signal: ending.signal,
  });
  // First of all; but a front door is there, and says so, while its broker is away.
  await Promise.race([provisioned, delay(1000)]);
  try {
    return await runToEnd(command);
  } finally {
    ending.abort();
  }
}

const help = `Starts the front door on one of its runtimes, over a broker whose streams are made when they are missing.

    npm run dev:node
    npm run dev:deno
    npm run dev:workers

Variables: PORT, HOST, NATS_URL and the others of docs/configuration.md; what is left out comes from .local.`;

await runScript({ help, allowPositionals: true }, async ({ positionals: [runtime = ""] }) => {
  if (!isRuntime(runtime)) throw new Error(`Cannot start ${runtime}: say one of ${Object.keys(runtimes).join(", ")}`);
  process.exit(await develop(runtime));
});

function isRuntime(name: string): name is keyof typeof runtimes {
  return Object.hasOwn(runtimes, name);
}
