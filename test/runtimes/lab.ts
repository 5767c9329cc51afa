/**
 * A real nats-server, agents and front doors, all as processes, for tests of what they are together. Keys come from the
 * environment, so that nothing of this machine's `.local/` is in play.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringifyJson } from "../../src/contract/json.ts";
import {
  generateClusterKeys,
  generateFrontDoorKeys,
  getClusterPublicJwk,
  getFrontDoorPublicJwk,
} from "../../src/sealing/key-files.ts";
import { buildConfig, createIdentities, type Identities } from "../auth/identities.ts";
import { startNatsServer, type NatsServer } from "../nats/server.ts";
import { createTemporaryDirectory } from "../support/temporary-directory.ts";
import { createLocalWitness, type Witness } from "../support/witness.ts";
import { findFreePort } from "./free-port.ts";
import type { Runtime } from "./runtimes.ts";
import { findProcesses, startScript, type ScriptProcess } from "./script-process.ts";

export interface FrontDoor extends ScriptProcess {
  readonly url: string;
}

export interface StartOptions {
  readonly environment?: Readonly<Record<string, string>>;
}

export interface AgentOptions extends StartOptions {
  readonly broker?: Runtime["broker"];
  /** What it prints when it is ready; left out: that it takes requests. */
  readonly ready?: RegExp;
}

export interface Lab {
  readonly server: NatsServer;
  readonly brokers: Readonly<Record<Runtime["broker"], string>>;
  /** Callers that the front doors know. */
  readonly identities: Identities;
  /** Every private key and token that no log, no argument and no answer may show. */
  readonly secrets: readonly string[];
  readonly witness: Witness;
  readonly runsDirectory: string;
  readonly home: string;
  startFrontDoor(runtime: Pick<Runtime, "script" | "ready" | "broker">, options?: StartOptions): Promise<FrontDoor>;
  /** `npm run agent`: a replica of the lab's cluster. */
  startAgent(options?: AgentOptions): Promise<ScriptProcess>;
  /** The names of the broker's clients, as it has them itself. */
  listClients(): Promise<string[]>;
  /** How many subscriptions all clients have, as the broker has it. */
  countSubscriptions(): Promise<number>;
  close(): Promise<void>;
}

/** The cluster that has agents, and one that has none. */
export const clusters = { near: "near", far: "far" } as const;

export async function openLab(): Promise<Lab> {
  const [webSocket, monitor] = [await findFreePort(), await findFreePort()];
  const config = `websocket { listen: "127.0.0.1:${webSocket}", no_tls: true }\nhttp: "127.0.0.1:${monitor}"`;
  const server = await startNatsServer({ config });
  const directory = await createTemporaryDirectory();
  const home = join(directory.path, "home");
  const runsDirectory = join(directory.path, "runs");
  for (const path of [home, runsDirectory]) await mkdir(path, { mode: 0o700 });
  const keys = await makeKeys(directory.path);
  const identities = await createIdentities();
  const brokers = { tcp: server.url, webSocket: `ws://127.0.0.1:${webSocket}` };
  const authentication = stringifyJson(await buildConfig(identities));
  const processes: ScriptProcess[] = [];

  async function start(script: string, ready: RegExp, environment: Record<string, string>): Promise<ScriptProcess> {
    const started = await startScript(script, { home, ready, environment: { LOG_LEVEL: "debug", ...environment } });
    processes.push(started);
    return started;
  }

  return {
    server,
    brokers,
    identities,
    secrets: [...keys.secrets, identities.staticToken],
    witness: await createLocalWitness(join(directory.path, "witnesses")),
    runsDirectory,
    home,
    async startFrontDoor({ script, ready, broker }, { environment = {} } = {}) {
      const PORT = String(await findFreePort());
      const own = { PORT, NATS_URL: brokers[broker], AUTHENTICATION: authentication };
      const started = await start(script, ready, { ...own, ...keys.frontDoor, ...environment });
      if (new URL(started.ready).port !== PORT)
        throw new Error(`${script} listens on ${started.ready}, not on ${PORT}`);
      return { ...started, url: started.ready };
    },
    startAgent({ broker = "tcp", ready = /Agent (\S+) of cluster/, environment = {} } = {}) {
      const own = { NATS_URL: brokers[broker], CLUSTER: clusters.near, LAUNCHER: "local" };
      const local = { RUNS_DIRECTORY: runsDirectory, GRACE_SECONDS: "1" };
      return start("agent", ready, { ...own, ...local, ...keys.agent, ...environment });
    },
    async listClients() {
      const answer = await fetch(`http://127.0.0.1:${monitor}/connz`);
      const { connections } = (await answer.json()) as { connections: { name?: string }[] };
      return connections.map(({ name = "" }) => name);
    },
    async countSubscriptions() {
      const answer = await fetch(`http://127.0.0.1:${monitor}/connz`);
      const { connections } = (await answer.json()) as { connections: { subscriptions?: number }[] };
      return connections.reduce((sum, { subscriptions = 0 }) => sum + subscriptions, 0);
    },
    async close() {
      await Promise.allSettled(processes.map((each) => each.stop()));
      // Runs outlive agents, and a test that failed may have left some.
      for (const { pid } of await findProcesses(home)) process.kill(pid, "SIGKILL");
      await server.close();
      await directory.remove();
    },
  };
}

/** Keys of a front door and two clusters, as the variables of front doors and agents. */
async function makeKeys(directory: string) {
  const frontDoor = await generateFrontDoorKeys();
  const near = await generateClusterKeys();
  const far = await generateClusterKeys();
  const write = async (name: string, value: unknown) => {
    const path = join(directory, name);
    await writeFile(path, stringifyJson(value), { mode: 0o600 });
    return path;
  };
  const list = {
    [clusters.near]: { key: getClusterPublicJwk(near), routes: ["a-cluster-by-another-name"] },
    [clusters.far]: { key: getClusterPublicJwk(far) },
  };
  return {
    frontDoor: {
      FRONT_DOOR_KEYS: stringifyJson(frontDoor),
      CLUSTERS: stringifyJson(list),
      DEFAULT_CLUSTER: clusters.near,
    },
    agent: {
      CLUSTER_KEYS_FILE: await write("keys.json", near),
      TRUSTED_FRONT_DOORS_FILE: await write("front-doors.json", [getFrontDoorPublicJwk(frontDoor)]),
    },
    secrets: [
      frontDoor.signing.d,
      ...frontDoor.runSecrets.map(({ secret }) => secret),
      ...[...near.keys, ...far.keys].map(({ d }) => d),
    ],
  };
}
