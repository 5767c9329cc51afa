/** The stages of one run: setup, main, collector, in the order in which a pod has them. */
import { mkdir, rm } from "node:fs/promises";
import type { Run } from "../../src/contract/run.ts";
import type { EndCause } from "../launch/launcher.ts";
import type { collectFiles } from "../sidecar/collector/collect-files.ts";
import type { setUp, SetupOutcome } from "../sidecar/setup/set-up.ts";
import { buildMain } from "./build-main.ts";
import type { Claim } from "./claim.ts";
import type { EndedFile } from "./ended-file.ts";
import { openMainLog, type MainLog } from "./main-log.ts";
import { buildMainMarks } from "./marks.ts";
import { startMain, type MainProcess } from "./main-process.ts";
import { endProcesses } from "./processes.ts";
import type { RunFiles } from "./runs-directory.ts";
import type { SupervisorSpec } from "./spec.ts";
import type { Termination } from "./termination.ts";

export interface SuperviseOptions {
  readonly files: RunFiles;
  readonly claim: Claim;
  readonly termination: Termination;
  readonly startedAt: string;
  readonly now: () => Date;
  readonly setUp: typeof setUp;
  readonly collectFiles: typeof collectFiles;
}

/**
 * Between SIGTERM and SIGKILL for what main leaves behind in its group. In a pod it is killed together with main; the
 * short grace lets a helper of main's that follows it write its last lines.
 */
const leftoverGraceMilliseconds = 2000;
/** For a pipe that a process holds open which we couldn't find: it mustn't hold the run up. */
const logEndMilliseconds = 2000;

/** Carries the run out and says how it ended. Rejects only for trouble of the machine's, such as a full disk. */
export async function supervise(spec: SupervisorSpec, options: SuperviseOptions): Promise<EndedFile> {
  const { termination } = options;
  const stopped: EndCause = { kind: "signalled", signal: "SIGTERM" };
  const prepared = await prepare(spec, options);
  if (prepared === "stopped" || termination.requested) return endEarly(stopped);
  if (!prepared.ok) return endEarly({ kind: "setup-failed", message: prepared.problem });
  const { commit, unchanged } = prepared.value;
  if (unchanged === true) return endEarly({ kind: "unchanged" }, commit);
  return runMain(spec, { ...options, commit });
}

function endEarly(cause: EndCause, commit?: string): EndedFile {
  return { ended: { kind: "ended", cause, ...(commit === undefined ? {} : { commit }) } };
}

type Prepared = Awaited<ReturnType<typeof setUp>>;

async function prepare(spec: SupervisorSpec, options: SuperviseOptions): Promise<Prepared | "stopped"> {
  const { files, termination } = options;
  await Promise.all([files.workspace, files.exchange, files.scratch].map((path) => mkdir(path, { mode: 0o700 })));
  const run = { inputs: spec.inputs, order: { unlessCommit: spec.unlessCommit } } satisfies {
    inputs: Run["inputs"];
    order: object;
  };
  try {
    return await options.setUp(run, {
      paths: { sharedDirectory: files.workspace, exchangeDirectory: files.exchange },
      scratchDirectory: files.scratch,
      signal: termination.signal,
      ...(spec.gitPolicy === undefined ? {} : { policy: spec.gitPolicy }),
    });
  } catch (error) {
    if (termination.requested) return "stopped";
    throw error;
  } finally {
    await rm(files.scratch, { recursive: true, force: true });
  }
}

type MainOptions = SuperviseOptions & { readonly commit: SetupOutcome["commit"] };

async function runMain(spec: SupervisorSpec, options: MainOptions): Promise<EndedFile> {
  const { files, claim, startedAt, now, commit } = options;
  const pickedCommit = commit === undefined ? {} : { commit };
  const log = await openMainLog({
    file: files.log,
    pipe: `${files.log}.pipe`,
    onGrowth: (bytes) => claim.announceLog(bytes),
  });
  try {
    const started = await startMain(buildMain(spec, files), log.writeEnd);
    log.handOver();
    if (!started.ok) return endEarly({ kind: "start-failed", message: started.problem }, commit);
    claim.publish({ kind: "running", startedAt, mainStartedAt: now().toISOString(), ...pickedCommit });
    const cause = await awaitEnd(started.value, { ...options, log });
    claim.publish({ kind: "collecting", startedAt });
    const collected = await options.collectFiles(files.exchange, { action: spec.action });
    const gap = log.gap === undefined ? {} : { logGap: log.gap };
    return { ended: { kind: "ended", cause, collected, ...pickedCommit }, ...gap };
  } finally {
    log.close();
  }
}

/** Waits until main has ended, and everything that it started, and all that they printed is kept. */
async function awaitEnd(
  main: MainProcess,
  { files, termination, log }: MainOptions & { log: MainLog },
): Promise<EndCause> {
  const marks = { environment: buildMainMarks(files), group: main.group };
  termination.attach(marks);
  const cause = await main.exited;
  termination.detach();
  await endProcesses(marks, leftoverGraceMilliseconds);
  const timer = setTimeout(() => log.close(), logEndMilliseconds);
  await log.finished;
  clearTimeout(timer);
  return cause;
}
