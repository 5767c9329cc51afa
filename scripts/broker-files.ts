/**
 * What a broker of our own consists of, in `<directory>/broker` (`.local/broker`): the keys of its operator and accounts,
 * credentials, and nats-server's configuration. Private to its owner: whoever has it, has the broker.
 */
import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as v from "valibot";
import { check } from "../src/contract/decode.ts";
import { parseJson, stringifyJson } from "../src/contract/json.ts";

/** What became of something, for people. */
export interface Step {
  readonly what: string;
  readonly outcome: "created" | "updated" | "unchanged";
}

const seedText = (kind: "O" | "A") =>
  v.pipe(v.string(), v.regex(new RegExp(`^S${kind}[A-Z2-7]{56}$`), "must be a seed"));

export const AccountFile = v.strictObject({
  seed: seedText("A"),
  /** As it was last built; made again only when it would say something else. */
  jwt: v.string(),
  /** Public keys of its users by their names, newest first. */
  users: v.record(v.string(), v.array(v.string())),
  /** Users whose credentials are void, and since when, seconds since 1970. */
  revocations: v.record(v.string(), v.number()),
});
export type AccountFile = v.InferOutput<typeof AccountFile>;

/** `broker.json` */
export const BrokerFile = v.strictObject({
  v: v.literal(1),
  operator: v.strictObject({ seed: seedText("O"), jwt: v.string() }),
  system: AccountFile,
  hub: AccountFile,
});
export type BrokerFile = v.InferOutput<typeof BrokerFile>;

/** `clusters/<name>.json` */
export const ClusterAccountFile = v.strictObject({ v: v.literal(1), account: AccountFile });

export interface BrokerPaths {
  readonly broker: string;
  readonly accountsConf: string;
  readonly serverConf: string;
  readonly store: string;
  readonly resolver: string;
  /** The credentials of a user of the system or hub account. */
  credentials(user: "system" | "provision" | "front-door"): string;
  clusterAccount(cluster: string): string;
  teamAccount(team: string): string;
}

export function getBrokerPaths(directory: string): BrokerPaths {
  const at = (...parts: string[]) => join(directory, "broker", ...parts);
  return {
    broker: at("broker.json"),
    accountsConf: at("accounts.conf"),
    serverConf: at("nats-server.conf"),
    store: at("jetstream"),
    resolver: at("accounts"),
    credentials: (user) => at(`${user}.creds`),
    clusterAccount: (cluster) => at("clusters", `${cluster}.json`),
    teamAccount: (team) => at("teams", `${team}.json`),
  };
}

/** Reads the broker's keys. Throws where there are none. */
export async function readBroker(directory: string): Promise<BrokerFile> {
  const { broker } = getBrokerPaths(directory);
  const found = await readJson(broker, BrokerFile);
  if (found !== undefined) return found;
  throw new Error(`Cannot read ${broker}: there is no broker of our own yet; npm run broker:init makes one`);
}

/** A JSON file that a schema vouches for; undefined where there is none. */
export async function readJson<S extends v.GenericSchema>(
  path: string,
  schema: S,
): Promise<v.InferOutput<S> | undefined> {
  const text = await readText(path);
  if (text === undefined) return undefined;
  const parsed = parseJson(text);
  const checked = parsed.ok ? check(schema, parsed.value) : parsed;
  if (checked.ok) return checked.value;
  throw new Error(`Cannot use ${path}: ${checked.problem}`);
}

export function writeJson(path: string, value: unknown): Promise<Step> {
  return writePrivate(path, `${stringifyJson(value)}\n`);
}

/** Writes a file that only its owner can read, whole or not at all, unless it is the same already. */
export async function writePrivate(path: string, text: string): Promise<Step> {
  const before = await readText(path);
  if (before === text) return { what: path, outcome: "unchanged" };
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const own = `${path}.${randomUUID()}`;
  try {
    await writeFile(own, text, { mode: 0o600, flag: "wx" });
    await rename(own, path);
  } finally {
    await rm(own, { force: true });
  }
  return { what: path, outcome: before === undefined ? "created" : "updated" };
}

export async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
