/** A real nats-server for a test: on a free loopback port, with JetStream in a directory of its own. */
import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { findNatsServer, type NatsServerVersion } from "../../scripts/nats-server.ts";
import { waitUntil } from "../support/wait-until.ts";

export interface NatsServer {
  readonly url: string;
  readonly port: number;
  /** The present process's id; another one after a restart. */
  readonly pid: number;
  /** JetStream's files. */
  readonly storeDirectory: string;
  /** Sends a signal; resolves when the server has ended, or is paused (SIGSTOP). SIGCONT goes on. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same port and storage; ends it before, if it runs. */
  restart(): Promise<void>;
  /** Ends it and removes its files. Twice is fine. */
  close(): Promise<void>;
}

export interface NatsServerOptions {
  /** Left out: the one on the PATH, or the newest. */
  readonly version?: NatsServerVersion;
  /** Lines of nats-server configuration that are added, such as accounts or `max_payload`. */
  readonly config?: string;
}

type Process = ChildProcessByStdio<null, null, Readable>;

/** Starts a server and resolves when it takes connections. */
export async function startNatsServer({ version, config = "" }: NatsServerOptions = {}): Promise<NatsServer> {
  const binary = await findNatsServer(version);
  const directory = await mkdtemp(path.join(tmpdir(), "nats-"));
  const storeDirectory = path.join(directory, "store");
  const start = async (port: number) => {
    const file = path.join(directory, "server.conf");
    await writeFile(file, `listen: "127.0.0.1:${port}"\njetstream { store_dir: "${storeDirectory}" }\n${config}\n`);
    return startProcess(binary, file);
  };
  let { process: server, port } = await start(-1);

  async function kill(signal: NodeJS.Signals): Promise<void> {
    if (hasEnded(server)) return;
    const ended = once(server, "exit");
    server.kill(signal);
    if (signal === "SIGSTOP") await waitUntil("the server has stopped", () => isStopped(server.pid));
    else if (signal !== "SIGCONT") await ended;
  }

  return {
    url: `nats://127.0.0.1:${port}`,
    port,
    storeDirectory,
    get pid() {
      return server.pid ?? 0;
    },
    kill,
    async restart() {
      await kill("SIGKILL");
      ({ process: server, port } = await start(port));
    },
    async close() {
      await kill("SIGKILL");
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Resolves when the server says that it is ready, with the port that it chose. */
async function startProcess(binary: string, file: string): Promise<{ process: Process; port: number }> {
  // It ends with us, however we end.
  const child = spawn("setpriv", ["--pdeathsig", "KILL", binary, "-c", file], { stdio: ["ignore", "ignore", "pipe"] });
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stderr })) {
    lines.push(line);
    if (line.includes("Server is ready")) break;
  }
  // What it prints from here on isn't looked at, but must be read, or it would block.
  child.stderr.resume();
  const port = /client connections on [^ ]*:(\d+)/.exec(lines.join("\n"))?.[1];
  if (port === undefined) throw new Error(`Cannot start nats-server: ${lines.join("\n")}`);
  return { process: child, port: Number(port) };
}

/** A signal takes its time; the state is the first thing behind the name (proc(5)). */
async function isStopped(pid: number | undefined): Promise<boolean> {
  return /\) T /.test(await readFile(`/proc/${pid}/stat`, "utf8"));
}

function hasEnded(child: Process): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}
