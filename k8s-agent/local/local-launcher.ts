/**
 * Runs as processes of this machine. A supervisor for each run (supervisor.ts) outlives the agent; everything that is
 * known of a run is in its directory, so any agent of this user on this machine can watch it, read its log, stop and
 * remove it.
 *
 * This is for development and for machines that do nothing else: main runs as the agent's own user, with its rights and
 * without limits of memory or processor, and can read what that user can. What a run started is ended with it, except
 * for processes that hid on purpose (processes.ts).
 */
import { lstat } from "node:fs/promises";
import type { Run } from "../../src/contract/run.ts";
import type { TraceCarrier } from "../../src/contract/trace-context.ts";
import type { Ended, Launched, Launcher, WorkloadStatus } from "../launch/launcher.ts";
import type { GitPolicy } from "../sidecar/setup/set-up.ts";
import { checkRunnable, defaultPath, listWarnings } from "./build-main.ts";
import { awaitDeparture, openConnections, sendCommand } from "./connection.ts";
import { readEndedFile } from "./ended-file.ts";
import { followLog } from "./follow-log.ts";
import { buildAllMarks } from "./marks.ts";
import { endProcesses } from "./processes.ts";
import { getErrorCode, LiveStatus, readMessages } from "./protocol.ts";
import { removeTree } from "./remove-tree.ts";
import { getRemovedPath, getRunFiles, listRuns, openRunsDirectory, type RunFiles } from "./runs-directory.ts";
import type { SupervisorSpec } from "./spec.ts";
import { getCacheDirectory, readLastWords, startSupervisor } from "./start-supervisor.ts";

/** The part of a logger that is used here. */
export interface LocalLauncherLogger {
  warn(fields: Readonly<Record<string, unknown>>, sentence: string): void;
}

export interface LocalLauncherOptions {
  /** Where runs are kept; made when it isn't there. Only this user may enter it. */
  readonly directory: string;
  readonly logger: LocalLauncherLogger;
  /** Main's `PATH` where the request has none. */
  readonly path?: string;
  /** Between SIGTERM and SIGKILL when a run's time is over and no agent is there to stop it. */
  readonly graceSeconds?: number;
  /** How long after a request's timeout that is, seconds; tests make it small. */
  readonly backstopSeconds?: number;
  readonly gitPolicy?: GitPolicy;
  /** The agent's own environment: what a supervisor needs is taken from it (PATH). */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** As the agent's own default. */
const defaultGraceSeconds = 600;
/** Enough for an agent that is there, or a replica that takes over, to stop the run itself and say so. */
const defaultBackstopSeconds = 60;
/** For a supervisor to take a command, or to end its run at once, before it is killed. */
const answerMilliseconds = 5000;

/** Throws `UnusableRunsDirectory` when the directory isn't safe or its path is too long. */
export function createLocalLauncher(options: LocalLauncherOptions): Launcher {
  const directory = openRunsDirectory(options.directory);
  const getFiles = (runId: string) => getRunFiles(directory, runId);
  const { logger } = options;
  return {
    name: "local",
    launch: (run, { mustExist = false, trace, throwIfLost } = {}) =>
      launch(run, { ...options, directory, mustExist, trace, throwIfLost }),
    watch: (runId, { signal }) => watch(getFiles(runId), { logger, signal }),
    readLog: (runId, following) => followLog(getFiles(runId), following),
    async stop(runId, { graceSeconds }) {
      await sendCommand(getFiles(runId).socket, { kind: "stop", graceSeconds }, answerMilliseconds);
    },
    remove: (runId) => removeRun(getFiles(runId), logger),
    list: async () => listRuns(directory),
  };
}

type LaunchOptions = LocalLauncherOptions & {
  readonly mustExist: boolean;
  readonly trace: TraceCarrier | undefined;
  readonly throwIfLost: (() => void) | undefined;
};

async function launch(run: Run, options: LaunchOptions): Promise<Launched> {
  const runnable = checkRunnable(run.inputs);
  if (!runnable.ok) return { kind: "refused", message: runnable.problem };
  const files = getRunFiles(options.directory, run.order.runId);
  const warnings = listWarnings(run.inputs);
  if (await isClaimed(files)) return { kind: "existing", warnings };
  if (options.mustExist) return { kind: "missing" };
  const answer = await startSupervisor(buildSpec(run, options), {
    files,
    cacheDirectory: getCacheDirectory(options.directory),
    environment: options.environment ?? process.env,
    throwIfLost: options.throwIfLost,
  });
  return { kind: answer === "claimed" ? "launched" : "existing", warnings };
}

/** The run key and who asked stay here: a supervisor has no use for them. */
function buildSpec({ order, inputs }: Run, options: LaunchOptions): SupervisorSpec {
  const { path, graceSeconds, backstopSeconds, gitPolicy, trace } = options;
  return {
    action: order.action,
    inputs,
    path: path ?? defaultPath,
    graceSeconds: graceSeconds ?? defaultGraceSeconds,
    backstopSeconds: backstopSeconds ?? defaultBackstopSeconds,
    ...(order.unlessCommit === undefined ? {} : { unlessCommit: order.unlessCommit }),
    ...(gitPolicy === undefined ? {} : { gitPolicy }),
    ...(trace === undefined ? {} : { trace }),
  };
}

async function isClaimed({ socket }: RunFiles): Promise<boolean> {
  try {
    await lstat(socket);
    return true;
  } catch (error) {
    if (getErrorCode(error) === "ENOENT") return false;
    throw error;
  }
}

interface WatchOptions {
  readonly logger: LocalLauncherLogger;
  readonly signal: AbortSignal;
}

async function* watch(files: RunFiles, { logger, signal }: WatchOptions): AsyncGenerator<WorkloadStatus> {
  const told = new Set<string>();
  const isNews = ({ kind }: LiveStatus) => told.size < told.add(kind).size;
  for await (const socket of openConnections(files.socket, signal)) {
    for await (const status of readMessages(socket, LiveStatus)) if (isNews(status)) yield status;
  }
  if (signal.aborted) return;
  const content = await readEndedFile(files.ended);
  if (content?.ok === true) yield* (content.value.stages ?? []).filter(isNews);
  yield content?.ok === true ? content.value.ended : await explainLoss(files, { logger, problem: content?.problem });
}

/** The final status of a run whose supervisor left none that can be read. */
async function explainLoss(
  files: RunFiles,
  { logger, problem }: { logger: LocalLauncherLogger; problem: string | undefined },
): Promise<Ended> {
  if (problem !== undefined) return lose(`Cannot read how the run ended: ${problem}`);
  if (!(await isClaimed(files))) return lose("Cannot tell how the run ended: there is no workload of it");
  const reason = await readLastWords(files);
  logger.warn({ directory: files.directory, reason }, "A run's supervisor died");
  // What has ended mustn't go on: nobody would keep its log, stop it or read its outputs.
  await endAllProcesses(files, logger);
  return lose(`Cannot tell how the run ended: its supervisor died before it could say${reason}`);
}

function lose(message: string): Ended {
  return { kind: "ended", cause: { kind: "lost", message } };
}

async function removeRun(files: RunFiles, logger: LocalLauncherLogger): Promise<void> {
  try {
    await sendCommand(files.socket, { kind: "stop", graceSeconds: 0 }, answerMilliseconds);
    await awaitDeparture(files.socket, AbortSignal.timeout(answerMilliseconds));
  } catch (error) {
    logger.warn({ err: error, directory: files.directory }, "A run's supervisor had to be killed");
  }
  await endAllProcesses(files, logger);
  await removeTree(files.directory, getRemovedPath(files));
}

/** Kills whatever is there of a run, its supervisor too. */
async function endAllProcesses(files: RunFiles, logger: LocalLauncherLogger): Promise<void> {
  const gone = await endProcesses({ environment: buildAllMarks(files), group: undefined }, 0);
  if (!gone) logger.warn({ directory: files.directory }, "A run's process could not be killed");
}
