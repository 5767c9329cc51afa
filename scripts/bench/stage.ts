/** A real broker with our streams, keys for both programs, and the front door as it is deployed on Node. */
import { readFile } from "node:fs/promises";
import { jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/nats-core";
import * as v from "valibot";
import { demand } from "../../adapters/node/run.ts";
import { decodeMessage } from "../../src/contract/decode.ts";
import { findFreePort } from "../../test/runtimes/free-port.ts";
import { connectTo } from "./connect.ts";
import { provision, provisionCluster } from "../../src/bus/nats/provision.ts";
import type { ClusterChoices } from "../../src/contract/streams.ts";
import { startNatsServer } from "../../test/nats/server.ts";
import { findProgram, readText, startChild, type Child } from "./child.ts";
import { createTokens, type Tokens } from "./request.ts";
import { cluster, createKeyVariables } from "./keys.ts";

/** A stream without a meaning, for bare publishing. */
export const bareStream = { name: "bare", subject: "bare" };

export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Of Node. */
  readonly flags?: readonly string[];
}

export interface BrokerFigures {
  /** Since its start. */
  readonly cpuMilliseconds: number;
  /** Of all its clients. */
  readonly subscriptions: number;
  /** JetStream's, of all streams. */
  readonly consumers: number;
}

export interface Stage {
  readonly connection: NatsConnection;
  readonly tokens: Tokens;
  /** Starts a program of the bench, with the broker and the keys in its variables; it ends with the stage. */
  start(name: string, options?: StartOptions): Child;
  /** The sequence of the last message of a stream. */
  readLast(stream: string): Promise<number>;
  /** What the broker says of itself. */
  readBroker(): Promise<BrokerFigures>;
  /** Starts the front door, and answers with its URL. */
  startFrontDoor(): Promise<string>;
  /** The mean size of a request on the queue, bytes. */
  readRequestBytes(): Promise<number>;
  close(): Promise<void>;
}

const Monitor = v.object({ subscriptions: v.optional(v.number()), consumers: v.optional(v.number()) });

/** Milliseconds that a process has had a processor for: fields 14 and 15 of proc(5), in hundredths of a second. */
async function readCpuTime(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8");
  const [user = 0, system = 0] = text.slice(text.lastIndexOf(")")).split(" ").slice(12, 14).map(Number);
  return (user + system) * 10;
}

export async function openStage(choices: ClusterChoices = {}): Promise<Stage> {
  const monitor = `127.0.0.1:${await findFreePort()}`;
  const server = await startNatsServer({ config: `http: "${monitor}"` });
  const connection = await connectTo(server.url);
  const manager = await jetstreamManager(connection);
  await provision(connection);
  await provisionCluster(connection, cluster, choices);
  const { name, subject } = bareStream;
  await manager.streams.add({ name, subjects: [`${subject}.>`], max_bytes: 512 * 1024 ** 2 });
  const tokens = await createTokens();
  const children: Child[] = [];
  const common = { NATS_URL: server.url, ...(await createKeyVariables()), ...tokens.variables };

  function start(name: string, { env = {}, flags = [] }: StartOptions = {}): Child {
    const child = startChild({ args: [...flags, findProgram(name)], env: { ...common, ...env } });
    children.push(child);
    return child;
  }

  return {
    connection,
    tokens,
    start,
    readLast: async (stream) => (await manager.streams.info(stream)).state.last_seq,
    async readBroker() {
      const read = async (what: string) =>
        demand(decodeMessage(Monitor, await (await fetch(`http://${monitor}/${what}`)).bytes()));
      const { subscriptions = 0 } = await read("varz");
      const { consumers = 0 } = await read("jsz");
      return { cpuMilliseconds: await readCpuTime(server.pid), subscriptions, consumers };
    },
    startFrontDoor: async () => readText(await start("front-door").next(), "url"),
    async readRequestBytes() {
      const { state } = await manager.streams.info(`requests-${cluster}`);
      return Math.round(state.bytes / state.messages);
    },
    async close() {
      await Promise.all(children.map((child) => child.stop()));
      await connection.close();
      await server.close();
    },
  };
}
