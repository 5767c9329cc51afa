/** One call of `pods/log`, from its opening to its end, whichever way it ends. */
import type { LogPiece } from "../../launch/launcher.ts";
import { ApiRefusal } from "../api/cluster-api.ts";
import type { Instant } from "./instant.ts";
import { createListener, type Listener } from "./listener.ts";
import type { LogSource } from "./log-source.ts";
import { toSinceTime, type Position } from "./position.ts";
import { createSplice, type Splice, type SpliceEnd } from "./splice.ts";

export interface SessionOptions {
  readonly position: Position;
  /** The position may be the end of a file of the log. */
  readonly isFileEnd: boolean;
  /** Waits for more until main ends. */
  readonly follow: boolean;
  readonly signal: AbortSignal;
}

export type SessionEnd =
  /** The server said that this was all. */
  | ({ readonly kind: "complete"; readonly bytes: number; readonly idleMilliseconds: number } & Reached & SpliceEnd)
  /** The connection broke, or was silent for too long. */
  | ({
      readonly kind: "broken" | "silent" | "refused";
      readonly reason: string;
      readonly idleMilliseconds: number;
    } & Reached)
  /** `doubtful`: files of the log may have been left out behind the position. */
  | ({ readonly kind: "not-yet" | "gone" | "doubtful" } & Reached);

interface Reached {
  /** Behind everything that was yielded. */
  readonly position: Position;
}

/** Yields what is new since a position. Never rejects because of the API server, the node or the connection. */
export async function* readSession(
  source: LogSource,
  { position, isFileEnd, follow, signal }: SessionOptions,
): AsyncGenerator<LogPiece, SessionEnd> {
  const listener = createListener(source, signal);
  try {
    const sinceTime = toSinceTime(position);
    const request = { follow, signal: listener.signal, ...(sinceTime !== undefined && { sinceTime }) };
    const opened = await listener.open(() => source.openLog(request));
    if (!opened.ok) return { ...describe(opened.error, listener), position };
    const answer = opened.value;
    if (answer.kind !== "open") return { kind: answer.kind, position };
    const judgeBeginning = createBeginningJudge(source);
    const splice = createSplice({ podUid: source.podUid, position, isFileEnd, follow, judgeBeginning });
    return yield* readStream(answer.bytes, { source, listener, splice });
  } finally {
    listener.close();
  }
}

async function* readStream(
  stream: AsyncIterable<Uint8Array>,
  { source, listener, splice }: { source: LogSource; listener: Listener; splice: Splice },
): AsyncGenerator<LogPiece, SessionEnd> {
  const iterator = stream[Symbol.asyncIterator]();
  let bytes = 0;
  try {
    for (;;) {
      const next = await listener.hear(() => iterator.next());
      if (!next.ok) return { ...describe(next.error, listener), position: splice.position };
      if (next.value.done === true) break;
      bytes += next.value.value.length;
      yield* splice.push(next.value.value, source.now());
      if (splice.isDoubtful) return { kind: "doubtful", position: splice.position };
      if (splice.mayBeRotated) listener.hurry();
    }
  } finally {
    listener.close();
    // Closes the connection; one that is broken has nothing to say about that.
    await iterator.return?.().catch(() => undefined);
  }
  const idleMilliseconds = listener.idleMilliseconds;
  return { kind: "complete", bytes, idleMilliseconds, position: splice.position, ...splice.end() };
}

function describe(error: unknown, { gaveUp, idleMilliseconds }: Listener) {
  const reason = error instanceof Error ? error.message : String(error);
  const kind: "broken" | "silent" | "refused" = error instanceof ApiRefusal ? "refused" : gaveUp ? "silent" : "broken";
  return { kind, reason, idleMilliseconds };
}

/** Kubelets look at the size of logs every 10 s: a log that is opened later may have lost its beginning. */
const firstRotationMilliseconds = 9000;
const beginningRotatedAway =
  "the log was opened late and its node may have rotated it before: lines may be missing at its beginning";

function createBeginningJudge({ container, now }: LogSource): (first: Instant) => string | undefined {
  const openedAt = now().getTime();
  return (first) => {
    const startedAt = container.startedAt?.getTime() ?? Infinity;
    const isLate = openedAt - startedAt >= firstRotationMilliseconds;
    const begunLate = first.seconds * 1000 - startedAt >= firstRotationMilliseconds;
    return isLate && begunLate && first.seconds * 1000 <= openedAt ? beginningRotatedAway : undefined;
  };
}
