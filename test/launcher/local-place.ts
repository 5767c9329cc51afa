/** A directory of its own for a test file's local runs, and what is to be seen of them from outside. */
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Launcher } from "../../k8s-agent/launch/launcher.ts";
import { createLocalLauncher, type LocalLauncherOptions } from "../../k8s-agent/local/local-launcher.ts";
import { buildAllMarks, buildMainMarks, supervisorVariable } from "../../k8s-agent/local/marks.ts";
import { findProcesses } from "../../k8s-agent/local/processes.ts";
import { getRunFiles, type RunFiles } from "../../k8s-agent/local/runs-directory.ts";

export interface LocalPlace {
  readonly directory: string;
  /** What the launchers logged. */
  readonly logged: string[];
  create(options?: Partial<LocalLauncherOptions>): Launcher;
  getFiles(runId: string): RunFiles;
  /** The pids of all that belongs to a run. */
  findAll(runId: string): number[];
  findMain(runId: string): number[];
  findSupervisor(runId: string): number[];
  /** Removes every run and the directory. */
  close(): Promise<void>;
}

export async function openLocalPlace(): Promise<LocalPlace> {
  const directory = await realpath(await mkdtemp(join(tmpdir(), "runs-")));
  const logged: string[] = [];
  const logger = { warn: (_fields: object, sentence: string) => void logged.push(sentence) };
  const create = (options: Partial<LocalLauncherOptions> = {}) =>
    createLocalLauncher({ directory, logger, ...options });
  const getFiles = (runId: string) => getRunFiles(directory, runId);
  const find = (environment: string[]) => findProcesses({ environment, group: undefined }).map(({ pid }) => pid);
  return {
    directory,
    logged,
    create,
    getFiles,
    findAll: (runId) => find(buildAllMarks(getFiles(runId))),
    findMain: (runId) => find(buildMainMarks(getFiles(runId))),
    findSupervisor: (runId) => find([`${supervisorVariable}=${getFiles(runId).directory}`]),
    async close() {
      const launcher = create();
      for (const runId of await launcher.list()) await launcher.remove(runId);
      await rm(directory, { recursive: true });
    },
  };
}

/** Command lines and environments of all processes that this user may look at. */
export function readProcess(pid: number, name: "cmdline" | "environ"): string {
  return readFileSync(`/proc/${pid}/${name}`, "utf8");
}
