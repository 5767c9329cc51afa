/** HTTP load by wrk (Debian's package), a process of its own that costs little beside what it measures. */
import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { isJsonObject, parseJson } from "../../src/contract/json.ts";
import { fetchDebianPackage } from "../debian-package.ts";
import { readNumber } from "./child.ts";

const run = promisify(execFile);

export interface Load {
  readonly url: string;
  /** Connections, each with one request at a time. */
  readonly clients: number;
  /** Whole ones. */
  readonly seconds: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Adds a number to the path of each request, so that each is for a resource of its own. */
  readonly fresh?: boolean;
  /** Every answer must have this status. */
  readonly status: number;
}

export interface LoadResult {
  readonly requestsPerSecond: number;
  /** Of an answer, median, milliseconds. */
  readonly latency: number;
}

/** Puts load on a server. Throws when an answer has another status than it should. */
export async function putLoad(load: Load): Promise<LoadResult> {
  const [wrk, luajit] = await fetchDebianPackage({ packages: ["wrk", "libluajit-5.1-2", "libluajit-5.1-common"] });
  if (wrk === undefined || luajit === undefined) throw new Error("Cannot find wrk: its package was not fetched");
  const directory = await mkdtemp(path.join(tmpdir(), "bench-"));
  try {
    const script = path.join(directory, "load.lua");
    await writeFile(script, buildScript(load));
    const args = ["-t", "1", "-c", String(load.clients), "-d", `${load.seconds}s`, "-s", script, load.url];
    const { stdout } = await run(path.join(wrk, "usr/bin/wrk"), args, {
      env: { ...process.env, LD_LIBRARY_PATH: await findLibraries(luajit) },
    });
    return readResult(stdout, load);
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function findLibraries(unpacked: string): Promise<string> {
  const library = path.join(unpacked, "usr/lib");
  const [architecture = ""] = await readdir(library);
  return path.join(library, architecture);
}

/** wrk's threads are Lua states of their own; `done` alone sees all of them. */
function buildScript({ headers, body, fresh = false, status, url }: Load): string {
  const names = Object.entries(headers).map(([name, value]) => `wrk.headers[${quote(name)}] = ${quote(value)}`);
  const { pathname } = new URL(url);
  // Unlike in any other call: the time, and a count.
  const prefix = `${pathname}${Date.now().toString(36)}-`;
  return `
wrk.method = "PUT"
wrk.body = ${quote(body)}
${names.join("\n")}
local count = 0
${fresh ? `function request() count = count + 1 return wrk.format(nil, ${quote(prefix)} .. count) end` : ""}
wrongs = 0
local thread
function setup(t) thread = t end
function response(status) if status ~= ${status} then wrongs = wrongs + 1 end end
function done(summary, latency)
  local errors = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  io.write(string.format('\\n{"requests":%d,"microseconds":%d,"median":%d,"errors":%d,"wrongs":%d}\\n',
    summary.requests, summary.duration, latency:percentile(50), errors, thread:get("wrongs")))
end
`;
}

/** A Lua string: every byte as a number, whatever it is. */
function quote(text: string): string {
  return `"${[...Buffer.from(text)].map((byte) => `\\${String(byte).padStart(3, "0")}`).join("")}"`;
}

function readResult(stdout: string, { url, status }: Load): LoadResult {
  const parsed = parseJson(stdout.trim().split("\n").at(-1) ?? "");
  if (!parsed.ok || !isJsonObject(parsed.value)) throw new Error(`Cannot read what wrk says: ${stdout}`);
  const { value } = parsed;
  const read = (name: string) => readNumber(value, name);
  if (read("requests") === 0 || read("errors") > 0 || read("wrongs") > 0)
    throw new Error(
      `Cannot use what wrk measured at ${url}: of ${read("requests")} answers ${read("wrongs")} were not ${status}, ${read("errors")} requests failed`,
    );
  return {
    requestsPerSecond: (read("requests") * 1e6) / read("microseconds"),
    latency: read("median") / 1000,
  };
}
