/** A place to try setup's checkout in: directories of its own, and one call that tells what came of it. */
import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { ContainerInputs } from "../../src/contract/container/inputs.ts";
import { setUp, type SetupOptions, type SetupOutcome } from "../../k8s-agent/sidecar/setup/set-up.ts";
import type { Result } from "../../src/contract/result.ts";

export interface Attempt extends Partial<Pick<SetupOptions, "policy" | "limits" | "signal">> {
  readonly url: string;
  readonly ref?: string;
  readonly path?: string;
  readonly username?: string;
  readonly secrets?: ContainerInputs["secrets"]["source"];
  readonly files?: Record<string, string>;
  readonly unlessCommit?: string;
}

export interface Sandbox {
  readonly root: string;
  readonly shared: string;
  readonly scratch: string;
  checkOut(attempt: Attempt): Promise<Result<SetupOutcome>>;
  read(file: string): Promise<string>;
  /** Names in the shared directory, without `.git`. */
  list(): Promise<string[]>;
  remove(): Promise<void>;
}

/** Directories as a launcher makes them; blanks and quotes in their names, as these must do no harm. */
export async function makeSandbox(): Promise<Sandbox> {
  const root = await mkdtemp(path.join(tmpdir(), "git checkout's-"));
  const [shared, exchange, scratch] = ["shared", "exchange", "scratch"].map((name) => path.join(root, name)) as [
    string,
    string,
    string,
  ];
  for (const directory of [shared, exchange, scratch]) await mkdir(directory, { mode: 0o700 });
  return {
    root,
    shared,
    scratch,
    checkOut: ({ url, ref, path: sub, username, secrets, files, unlessCommit, ...options }) => {
      const optional = { ...(ref === undefined ? {} : { ref }), ...(sub === undefined ? {} : { path: sub }) };
      const source = { url, ...optional, ...(username === undefined ? {} : { username }) };
      const values = { job: { image: "x" }, source, ...(files === undefined ? {} : { files }) };
      const inputs = {
        type: "a-type",
        resource: {},
        values,
        secrets: secrets === undefined ? {} : { source: secrets },
      };
      const paths = { sharedDirectory: shared, exchangeDirectory: exchange };
      const signal = options.signal ?? new AbortController().signal;
      return setUp({ order: { unlessCommit }, inputs }, { paths, scratchDirectory: scratch, ...options, signal });
    },
    read: (file) => readFile(path.join(shared, file), "utf8"),
    list: async () => (await readdir(shared)).filter((name) => name !== ".git").sort(),
    remove: () => rm(root, { recursive: true, force: true }),
  };
}

/** The sentence of a refusal; empty when it was none. */
export function problemOf(outcome: Result<unknown>): string {
  return outcome.ok ? "" : outcome.problem;
}
