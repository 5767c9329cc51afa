/** A real broker with our streams, keys for both programs, and the front door as it is deployed on Node. */
import { jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/nats-core";
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

export interface Stage {
  readonly connection: NatsConnection;
  readonly tokens: Tokens;
  /** Starts a program of the bench, with the broker and the keys in its variables; it ends with the stage. */
  start(name: string, options?: StartOptions): Child;
  /** Starts the front door, and answers with its URL. */
  startFrontDoor(): Promise<string>;
  /** The mean size of a request on the queue, bytes. */
  readRequestBytes(): Promise<number>;
  close(): Promise<void>;
}

export async function openStage(choices: ClusterChoices = {}): Promise<Stage> {
  const server = await startNatsServer();
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
