/** The standalone server as a user starts it: a process of its own, in a directory of its own. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join, resolve } from "node:path";
import type { CaseServer, LocalTraces } from "../cases/server.ts";
import { createTemporaryDirectory } from "./temporary-directory.ts";
import { settleWithin, waitUntil } from "./wait-until.ts";
import { createLocalWitness } from "./witness.ts";

export interface StandaloneProcess extends CaseServer, LocalTraces {
  readonly pid: number;
  /** Sends the process a signal and waits for its end. */
  end(signal: NodeJS.Signals): Promise<Exit>;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly milliseconds: number;
}

export interface ProcessOptions {
  /** Its directory; a new one if left out. Who gives one, removes it. */
  readonly directory?: string;
  readonly port?: number;
  /** Beside `PATH` and what the tests need. */
  readonly environment?: Readonly<Record<string, string>>;
}

const main = resolve(import.meta.dirname, "../../adapters/standalone/main.ts");

/** Resolves when it listens. */
export async function startStandaloneProcess(options: ProcessOptions = {}): Promise<StandaloneProcess> {
  const temporary = options.directory === undefined ? await createTemporaryDirectory() : undefined;
  const directory = options.directory ?? temporary?.path ?? "";
  const environment = {
    PATH: process.env["PATH"],
    PORT: String(options.port ?? 0),
    RUNS_DIRECTORY: join(directory, "runs"),
    GRACE_SECONDS: "1",
    ...options.environment,
  };
  const child = spawn(process.execPath, [main], {
    cwd: directory,
    env: environment,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => (output[name] += text));
  }
  // "close", not "exit": only then has everything that it printed arrived.
  const closed = once(child, "close") as Promise<[number | null, NodeJS.Signals | null]>;

  async function end(signal: NodeJS.Signals): Promise<Exit> {
    const begun = performance.now();
    child.kill(signal);
    const [code, by] = await settleWithin(`the server has ended after ${signal}`, closed, 60);
    return { code, signal: by, milliseconds: performance.now() - begun };
  }

  const url = await waitUntil("the server listens", () => {
    if (child.exitCode !== null) throw new Error(`Cannot start the server: ${output.stderr}${output.stdout}`);
    return /listens on (http:\S+)/.exec(output.stdout)?.[1];
  }).catch(async (error: unknown) => {
    child.kill("SIGKILL");
    await temporary?.remove();
    throw error;
  });
  return {
    url,
    pid: child.pid ?? 0,
    runsDirectory: join(directory, "runs", `port-${new URL(url).port}`),
    localDirectory: join(directory, ".local"),
    createWitness: () => createLocalWitness(join(directory, "witnesses")),
    ownLog: () => output.stdout + output.stderr,
    end,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) await end("SIGTERM");
      await temporary?.remove();
    },
  };
}
