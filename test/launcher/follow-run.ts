/** What tests do with a run: follow it, wait for something that it prints, read its log. Every wait has a bound. */
import type { Ended, Launcher, LogPiece, WorkloadStatus } from "../../k8s-agent/launch/launcher.ts";

/** Bounds a test's wait; far longer than anything should take. */
export const patience = 120_000;

export interface Followed {
  readonly statuses: readonly WorkloadStatus[];
  readonly ended: Ended;
}

/** Watches a run until it has ended. */
export async function awaitEnd(launcher: Launcher, runId: string): Promise<Followed> {
  const statuses: WorkloadStatus[] = [];
  for await (const status of launcher.watch(runId, { signal: AbortSignal.timeout(patience) })) {
    statuses.push(status);
    if (status.kind === "ended") return { statuses, ended: status };
  }
  throw new Error(`The run has not ended; it was: ${statuses.map(({ kind }) => kind).join(", ")}`);
}

/** Waits until a run has reached a stage. */
export async function awaitStatus<K extends WorkloadStatus["kind"]>(
  launcher: Launcher,
  { runId, kind }: { runId: string; kind: K },
): Promise<Extract<WorkloadStatus, { kind: K }>> {
  for await (const status of launcher.watch(runId, { signal: AbortSignal.timeout(patience) })) {
    if (status.kind === kind) return status as Extract<WorkloadStatus, { kind: K }>;
  }
  throw new Error(`The run has never been ${kind}`);
}

/** Reads a run's whole log, or from a mark on; checks that no piece is missing or doubled. */
export async function readLog(launcher: Launcher, runId: string, from?: string): Promise<Buffer> {
  return Buffer.concat((await readPieces(launcher, runId, from)).map(({ bytes }) => bytes));
}

export async function readPieces(launcher: Launcher, runId: string, from?: string): Promise<LogPiece[]> {
  const signal = AbortSignal.timeout(patience);
  const pieces: LogPiece[] = [];
  for await (const piece of launcher.readLog(runId, { from, signal })) pieces.push(piece);
  if (signal.aborted) throw new Error("The log has not ended");
  return pieces;
}

/** Waits until a run has printed something, and returns what it printed until then. */
export async function awaitOutput(launcher: Launcher, runId: string, text: string): Promise<string> {
  let seen = "";
  for await (const { bytes } of launcher.readLog(runId, { from: undefined, signal: AbortSignal.timeout(patience) })) {
    seen += Buffer.from(bytes).toString("latin1");
    if (seen.includes(text)) return seen;
  }
  throw new Error(`The run has not printed ${JSON.stringify(text)} but ${JSON.stringify(seen.slice(-1000))}`);
}
