/**
 * What the tests of faults play on: a real nats-server, front doors and agents as processes, all on this machine, and a
 * witness that the runs write to, whoever else dies.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { NatsConnection } from "@nats-io/transport-node";
import { readNodeConfig } from "../../adapters/node/config.ts";
import { demand } from "../../adapters/node/run.ts";
import { serveApp } from "../../adapters/node/serve.ts";
import { version } from "../../adapters/node/version.ts";
import { createLocalLauncher } from "../../k8s-agent/local/local-launcher.ts";
import { createNatsBus } from "../../src/bus/nats/nats-bus.ts";
import { provision, provisionCluster } from "../../src/bus/nats/provision.ts";
import type { Bus } from "../../src/bus/port.ts";
import type { ClusterChoices } from "../../src/contract/streams.ts";
import { createFrontDoor } from "../../src/front-door.ts";
import { createConsoleLogger } from "../../src/log.ts";
import { connectTo } from "../nats/nats-stage.ts";
import { startNatsServer, type NatsServer } from "../nats/server.ts";
import { createDriverClient, type DriverClient } from "../support/driver-client.ts";
import { createTemporaryDirectory } from "../support/temporary-directory.ts";
import { createLocalWitness, type Witness } from "../support/witness.ts";
import { holdBefore, isPull } from "./moments.ts";
import { startProgram, type Program } from "./program.ts";
import { startNatsProxy, type NatsProxy } from "./proxy/nats-proxy.ts";

export const cluster = "local";
/** For every test here: many processes, on machines that may be busy. */
export const timeout = 120_000;

export interface StageOptions extends ClusterChoices {
  /** Lines of nats-server's configuration. */
  readonly serverConfig?: string;
}

export interface ProgramSettings {
  /** Where its broker is, such as a proxy; the broker itself if left out. */
  readonly url?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Where its `.local/` is; the stage's own if left out. */
  readonly directory?: string;
}

export interface FrontDoorProgram extends Program {
  readonly url: string;
  readonly driver: DriverClient;
}

export interface AgentProgram extends Program {
  readonly name: string;
}

export interface Stage {
  readonly server: NatsServer;
  /** The test's own, at the broker itself. */
  readonly connection: NatsConnection;
  readonly bus: Bus;
  /** Holds `.local/`, which all programs read their keys from. */
  readonly directory: string;
  /** The same for all agents, as on one machine. */
  readonly runsDirectory: string;
  readonly witness: Witness;
  /** A front door within the test's own process, for tests in which nothing happens to it. */
  openFrontDoor(): Promise<DriverClient>;
  startFrontDoor(settings?: ProgramSettings): Promise<FrontDoorProgram>;
  startAgent(settings?: ProgramSettings): Promise<AgentProgram>;
  /** An agent that takes nothing until it may, so that another one gets what comes first. */
  startWaitingAgent(settings?: ProgramSettings): Promise<AgentProgram & { letTake(): void }>;
  startProxy(): Promise<NatsProxy>;
}

/** Long enough for a busy machine to renew a lease in time, short enough to wait for its end. */
export const leaseSeconds = 1.5;

/** How long a stage lasts: a test's own context, or that of many tests. */
export interface StageContext {
  onTestFinished(close: () => Promise<void>): void;
  onTestFailed(show: () => void): void;
}

/** Opens a stage for the length of a test; should it fail, what its programs said is shown. */
export async function openStage(
  { onTestFinished, onTestFailed }: StageContext,
  options: StageOptions = {},
): Promise<Stage> {
  const stage = await buildStage(options);
  onTestFinished(() => stage.close());
  onTestFailed(() => console.error(stage.describe()));
  return stage;
}

async function buildStage({ serverConfig = "", ...choices }: StageOptions) {
  const server = await startNatsServer({ config: serverConfig });
  const connection = await connectTo(server);
  await provision(connection);
  await provisionCluster(connection, cluster, { ackWaitSeconds: leaseSeconds, ...choices });
  const temporary = await createTemporaryDirectory();
  const runsDirectory = join(temporary.path, "runs");
  await mkdir(runsDirectory, { mode: 0o700 });
  const bus = createNatsBus({ connection, ownsConnection: true });
  const programs: Program[] = [];
  const closers: (() => Promise<void>)[] = [];

  async function start(name: "agent" | "node", settings: ProgramSettings, ready: RegExp): Promise<Program> {
    const environment = {
      NATS_URL: settings.url ?? server.url,
      // Compiled code is kept for the next program.
      NODE_COMPILE_CACHE: join(temporary.path, "compile-cache"),
      ...(name === "agent" ? { RUNS_DIRECTORY: runsDirectory, GRACE_SECONDS: "1" } : { PORT: "0" }),
      ...settings.environment,
    };
    const program = await startProgram(name, { directory: settings.directory ?? temporary.path, environment, ready });
    programs.push(program);
    return program;
  }

  async function startProxy(): Promise<NatsProxy> {
    const proxy = await startNatsProxy(server.port);
    closers.push(() => proxy.close());
    return proxy;
  }

  return {
    server,
    connection,
    bus,
    directory: temporary.path,
    runsDirectory,
    witness: await createLocalWitness(join(temporary.path, "witnesses")),
    async openFrontDoor(): Promise<DriverClient> {
      const environment = { NATS_URL: server.url };
      const config = demand(await readNodeConfig(environment, join(temporary.path, ".local")));
      const now = () => new Date();
      const logger = createConsoleLogger({ write: () => undefined, now, level: "silent" });
      const app = demand(await createFrontDoor({ config, bus, logger, now, version }));
      const served = await serveApp(app, { host: "127.0.0.1", port: 0 });
      closers.push(() => served.close());
      return createDriverClient(served.url);
    },
    async startFrontDoor(settings: ProgramSettings = {}): Promise<FrontDoorProgram> {
      const program = await start("node", settings, /listens on http:/);
      const url = /listens on (http:\S+)/.exec(program.output())?.[1] ?? "";
      return { ...program, url, driver: createDriverClient(url) };
    },
    async startAgent(settings: ProgramSettings = {}): Promise<AgentProgram> {
      const program = await start("agent", settings, /The agent takes requests/);
      return { ...program, name: /Agent (\S+) of cluster/.exec(program.output())?.[1] ?? "" };
    },
    async startWaitingAgent(settings: ProgramSettings = {}) {
      const proxy = await startProxy();
      const gate = holdBefore(proxy, isPull);
      const agent = await this.startAgent({ ...settings, url: proxy.url });
      await gate.caught;
      return { ...agent, letTake: gate.release };
    },
    startProxy,
    describe: () => programs.map((program) => program.output()).join("\n\n"),
    async close() {
      await Promise.all(programs.map((program) => program.kill()));
      await removeRuns(runsDirectory);
      for (const close of closers) await close();
      await bus.close();
      await server.close();
      await temporary.remove();
    },
  };
}

/** Supervisors outlive agents: a test that failed would leave them running. */
async function removeRuns(directory: string): Promise<void> {
  const launcher = createLocalLauncher({ directory, logger: { warn: () => undefined } });
  for (const runId of await launcher.list()) await launcher.remove(runId);
}
