/**
 * Joins a stream that was opened anew to what was read before: drops what is known, finds where something is missing.
 *
 * The kubelet rotates a log of 10 MiB (by default) when it looks at it, every 10 s (by default, 3 s at least), and its
 * follower goes on with the newest file: one that is two rotations behind leaves out a file, and the stream doesn't say so.
 * It looks like a main that was silent for as long. What tells one from the other is the log itself, opened anew: it has the
 * last line in it that came, or it begins later. So a stream that may have left out something is doubtful, and is left there.
 */
import type { LogPiece } from "../../launch/launcher.ts";
import { compareInstants, toMilliseconds, type Instant } from "./instant.ts";
import { createLag } from "./lag.ts";
import { advance, encodeMark, enterLine, type Position } from "./position.ts";
import { createLineSplitter, type Segment } from "./split-lines.ts";

export interface Splice {
  /** Takes the stream's next bytes, and returns what is new in them. */
  push(bytes: Uint8Array, receivedAt: Date): LogPiece[];
  /** How things stand where the stream has ended. */
  end(): SpliceEnd;
  /** Behind all that was returned. */
  readonly position: Position;
  /** So much is new that the log may have been rotated since it was opened. */
  readonly mayBeRotated: boolean;
  /** Files may have been left out behind the position: the log has to be opened anew from there. */
  readonly isDoubtful: boolean;
}

export interface SpliceEnd {
  /** The kubelet's words in place of a log, or at its end. */
  readonly remark?: string;
  /** The stream never came to the place where it should have gone on. */
  readonly missed: boolean;
  /** The last line was so late that there may have been more. */
  readonly late: boolean;
}

export interface SpliceOptions {
  readonly podUid: string;
  readonly position: Position;
  /** The position may be the end of a file: what comes at once in a newer one goes on from it. */
  readonly isFileEnd?: boolean;
  /** The stream goes on with newer files. */
  readonly follow: boolean;
  /** Says what is missing before the stream's first line, when there is no place to go on from. */
  readonly judgeBeginning: (first: Instant) => string | undefined;
}

/** What goes before text. */
type Where =
  /** Before the anchor: all of it was taken earlier. */
  | { readonly kind: "before" }
  /** Behind it: so many bytes were. */
  | { readonly kind: "known"; bytes: number }
  | { readonly kind: "new" };

export const rotatedAway = "the cluster's node had rotated the log before it could be read: lines may be missing here";
const changed = "the log isn't what it was when it was read before: lines may be missing here";

/** A log shorter than this has not been rotated, whatever the node's settings. */
export const surelyWholeBytes = 256 * 1024;

/** A little less than the shortest time between two rotations. */
const rotationMilliseconds = 2500;

/** Much less than that: a line that is later than the last one of an older file by no more is the next one. */
const nextMilliseconds = 250;

/** More of the kubelet's words than this isn't kept, bytes. */
const remarkBytes = 1024;

export function createSplice(options: SpliceOptions): Splice {
  const { podUid, position: start, isFileEnd = false, follow, judgeBeginning } = options;
  const splitter = createLineSplitter();
  const lag = createLag();
  let position = start;
  let where: Where = start.anchor === undefined ? { kind: "new" } : { kind: "before" };
  let last: Instant | undefined;
  let fresh = 0;
  let isDoubtful = false;
  let remark: Uint8Array = new Uint8Array();

  /** Goes over to a line; what is missing before it, as a sentence. */
  function begin(written: Instant, receivedAt: Date): string | undefined {
    const isFirst = last === undefined;
    last = written;
    lag.enterLine(written, receivedAt);
    const { anchor } = position;
    const order = anchor === undefined ? 1 : compareInstants(written, anchor.written);
    // What came before it, in a log that is read from its middle, was the rest of a line.
    if (where.kind === "before") remark = new Uint8Array();
    if (where.kind === "before" && order === 0) where = { kind: "known", bytes: position.bytes };
    if (where.kind === "new") {
      position = enterLine(position, written);
      return anchor === undefined && isFirst ? judgeBeginning(written) : undefined;
    }
    if (order <= 0 || anchor === undefined) return undefined;
    // Every line before the anchor is older than it, and so is what is counted behind it.
    const isNext = isFileEnd && measureJump(anchor.written, written) <= nextMilliseconds;
    const reason = where.kind === "known" ? changed : isNext ? undefined : rotatedAway;
    where = { kind: "new" };
    position = enterLine(position, written);
    return reason;
  }

  const mayBeRotated = () => follow && fresh >= surelyWholeBytes;
  const mayHaveLeftOut = (written: Instant) =>
    mayBeRotated() && last !== undefined && measureJump(last, written) >= rotationMilliseconds;

  function takeNew(bytes: Uint8Array): Uint8Array {
    if (where.kind === "before") return bytes.subarray(bytes.length);
    if (where.kind === "new") return bytes;
    const known = Math.min(where.bytes, bytes.length);
    where.bytes -= known;
    if (where.bytes === 0) where = { kind: "new" };
    return bytes.subarray(known);
  }

  function noteRemark({ bytes }: Segment): void {
    remark = Buffer.concat([remark, bytes]).subarray(0, remarkBytes);
  }

  return {
    push(bytes, receivedAt) {
      const pieces = createPieces(podUid);
      for (const segment of isDoubtful ? [] : splitter.push(bytes)) {
        if (segment.kind === "remark") {
          noteRemark(segment);
          continue;
        }
        if (segment.written !== undefined && mayHaveLeftOut(segment.written)) {
          isDoubtful = true;
          break;
        }
        const reason = segment.written && begin(segment.written, receivedAt);
        lag.advance(segment.bytes.length);
        const text = takeNew(segment.bytes);
        fresh += text.length;
        pieces.add(text, { position, reason });
        position = advance(position, text.length);
      }
      return pieces.build();
    },
    end() {
      for (const segment of splitter.flush()) noteRemark(segment);
      const words = new TextDecoder().decode(remark).trim();
      return { ...(words !== "" && { remark: words }), missed: where.kind !== "new", late: lag.isLate() };
    },
    get position() {
      return position;
    },
    get mayBeRotated() {
      return mayBeRotated();
    },
    get isDoubtful() {
      return isDoubtful;
    },
  };
}

function measureJump(from: Instant, to: Instant): number {
  return toMilliseconds(to) - toMilliseconds(from);
}

/** Puts text together that is in one piece. */
function createPieces(podUid: string) {
  const pieces: { mark: string; texts: Uint8Array[]; reason: string | undefined }[] = [];
  return {
    add(text: Uint8Array, { position, reason }: { position: Position; reason: string | undefined }): void {
      if (text.length === 0 && reason === undefined) return;
      const last = pieces.at(-1);
      if (last !== undefined && reason === undefined) last.texts.push(text);
      else pieces.push({ mark: encodeMark(podUid, position), texts: [text], reason });
    },
    build: (): LogPiece[] =>
      pieces.map(({ mark, texts, reason }) => ({
        mark,
        bytes: Buffer.concat(texts),
        ...(reason !== undefined && { gap: { reason } }),
      })),
  };
}
