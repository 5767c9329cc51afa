/**
 * Main's log, from the kubelet by way of the API server, whole or with its gaps said. The stream may end early and say that
 * it is complete: the API server ends it so when the connection to the node breaks, and the kubelet when it has lost the
 * file to its rotation. So what a stream's end means is judged by main's state, and where there is doubt the log is read
 * once more from where it was left.
 */
import type { LogPiece } from "../../launch/launcher.ts";
import { drainMilliseconds } from "./listener.ts";
import { waitForChange, type LogSource } from "./log-source.ts";
import { decodeMark, encodeMark, logStart, type Position } from "./position.ts";
import { readAhead } from "./read-ahead.ts";
import { readSession, type SessionEnd } from "./read-session.ts";
import { rotatedAway, surelyWholeBytes } from "./splice.ts";

export interface ReadMainLogOptions {
  /** The mark of a piece, of this reader or of another replica's; undefined: from the beginning. */
  readonly from: string | undefined;
  readonly signal: AbortSignal;
}

/** Connections are cut when they are idle: an end behind a silence as long as this may be no end. */
const idleMilliseconds = 20_000;

/** How long the pod's status may take to say that main has ended, once its log has. */
const settleMilliseconds = 5000;
const shortSettleMilliseconds = 1500;

/** So often in a row the log of a main that has ended can't be read, then what there is must do. */
const mostFailures = 10;

const podGone = "the pod was gone before its log was surely read to the end: lines may be missing here";

/**
 * Yields main's log from a mark on, byte for byte, until main has ended and everything is read, or the signal aborts. What
 * can't be read is a gap, never an error. Rejects when the mark is none.
 */
export async function* readMainLog(source: LogSource, { from, signal }: ReadMainLogOptions): AsyncGenerator<LogPiece> {
  const own = new AbortController();
  try {
    const sessions = readSessions(source, { from, signal: AbortSignal.any([signal, own.signal]) });
    yield* readAhead(sessions, source.readAheadBudget);
  } finally {
    own.abort();
  }
}

async function* readSessions(source: LogSource, { from, signal }: ReadMainLogOptions): AsyncGenerator<LogPiece> {
  const begin = decideBegin(source, from);
  let { position } = begin;
  const buildGap = (reason: string) => ({
    mark: encodeMark(source.podUid, position),
    bytes: new Uint8Array(),
    gap: { reason },
  });
  if (begin.gap !== undefined) yield buildGap(begin.gap);
  if (!(await waitForStart(source, signal))) return;
  const judge = createJudge(source, signal);
  let isFileEnd = false;
  while (!signal.aborted) {
    const follow = source.container.state === "running";
    const before = position;
    const end = yield* readSession(source, { position, isFileEnd, follow, signal });
    ({ position } = end);
    if (signal.aborted) return;
    const verdict = await judge(end, { follow, progress: position !== before });
    if (verdict.kind === "go-on") {
      ({ isFileEnd = false } = verdict);
      continue;
    }
    if (verdict.gap !== undefined) yield buildGap(verdict.gap);
    return;
  }
}

function decideBegin(source: LogSource, mark: string | undefined): { position: Position; gap?: string } {
  if (mark === undefined) return { position: logStart };
  const decoded = decodeMark(mark);
  if (!decoded.ok) throw new Error(`Cannot read the log from its mark: ${decoded.problem}`);
  const { podUid, position } = decoded.value;
  if (podUid === source.podUid) return { position };
  return { position: logStart, gap: "what was read before is the log of another pod: its rest is missing here" };
}

/** False: main has no log. */
async function waitForStart({ container }: LogSource, signal: AbortSignal): Promise<boolean> {
  const getState = () => container.state;
  if (getState() === "gone") return true;
  while (getState() === "waiting" && !signal.aborted) await container.changed(signal);
  // A pod that is gone without having been seen to run has none either.
  return getState() !== "never" && getState() !== "gone";
}

type Verdict =
  /** `isFileEnd`: the kubelet seems to have read a file to its end, so a newer one goes on from there. */
  { readonly kind: "go-on"; readonly isFileEnd?: boolean } | { readonly kind: "stop"; readonly gap?: string };

interface Session {
  readonly follow: boolean;
  /** It has brought something new. */
  readonly progress: boolean;
}

const goOn: Verdict = { kind: "go-on" };
const stop: Verdict = { kind: "stop" };

/** Decides after each session whether that was the log. */
function createJudge(source: LogSource, signal: AbortSignal) {
  let failures = 0;
  /** The stream that was followed has ended, and nothing speaks against that being the log's end. */
  let sawEnd = false;
  /** It was so far behind that there may have been more. */
  let wasLate = false;

  const isOver = () => source.container.state !== "running" && source.container.state !== "waiting";
  const backOff = () => {
    failures += 1;
    const most = Math.min(50 * 2 ** failures, 10_000);
    return waitForChange(source, most * (1 - source.random() / 2), signal);
  };

  /** Whether main's end is seen, in the time that it takes to be seen. */
  async function settle(milliseconds: number): Promise<boolean> {
    const patience = source.now().getTime() + milliseconds;
    for (;;) {
      const rest = patience - source.now().getTime();
      if (isOver() || rest <= 0 || signal.aborted) return isOver();
      await waitForChange(source, rest, signal);
    }
  }

  async function judgeFollowed(end: Complete): Promise<Verdict> {
    wasLate = end.late;
    sawEnd = !end.late && !end.missed;
    const isSmall = end.bytes <= surelyWholeBytes;
    if (isSmall && sawEnd && end.idleMilliseconds <= idleMilliseconds) {
      return (await settle(settleMilliseconds)) ? stop : goOn;
    }
    // There is a doubt, and a log of this size may be rotated any moment: no long wait.
    const isOverNow = await settle(isSmall ? 0 : shortSettleMilliseconds);
    if (!isOverNow) await backOff();
    return { kind: "go-on", isFileEnd: isOverNow && sawEnd };
  }

  /** Some kubelets leave the stream of a pod that is removed open: one that was alive then has nothing more to say. */
  const wasSilentAtEnd = (end: SessionEnd) =>
    end.kind === "silent" && isOver() && end.idleMilliseconds <= idleMilliseconds + drainMilliseconds;

  return async (end: SessionEnd, { follow, progress }: Session): Promise<Verdict> => {
    if (progress) failures = 0;
    if (follow && end.kind !== "gone" && !isWhole(end)) sawEnd = wasSilentAtEnd(end);
    if (end.kind === "doubtful") return goOn;
    if (end.kind === "silent" && !isOver()) return { kind: "go-on", isFileEnd: true };
    const isGone = source.container.state === "gone" && !isWhole(end);
    if (end.kind === "gone" || isGone || (isRemoved(end) && isOver() && source.container.isLeaving)) {
      return sawEnd ? stop : { kind: "stop", gap: podGone };
    }
    if (end.kind === "not-yet" && isOver()) return stop;
    if (isWhole(end)) {
      if (follow) return judgeFollowed(end);
      return end.missed && wasLate ? { kind: "stop", gap: rotatedAway } : stop;
    }
    if (isOver() && failures >= mostFailures) return { kind: "stop", gap: describeFailure(end) };
    await backOff();
    return goOn;
  };
}

type Complete = Extract<SessionEnd, { kind: "complete" }>;

/** What the kubelet has to say at a log's end is that this isn't its end. */
function isWhole(end: SessionEnd): end is Complete {
  return end.kind === "complete" && end.remark === undefined;
}

/** The kubelet has no such container any more, or can't ask its runtime: of a pod that is being deleted that is the same. */
function isRemoved(end: SessionEnd): boolean {
  return end.kind === "complete" && end.remark?.startsWith("unable to retrieve container logs for ") === true;
}

function describeFailure(end: SessionEnd): string {
  const why = end.kind === "complete" ? (end.remark ?? "") : "reason" in end ? end.reason : end.kind;
  return `the log could not be read to its end, in ${mostFailures} tries: ${why}`;
}
