/**
 * Takes the timestamps out of a log that was asked for with `timestamps=true`. What the kubelet writes (cri-client's
 * logs.go), in every Kubernetes since 1.27: a timestamp and a space in front of whatever follows a newline, and of the
 * first bytes. Lines over 16 KiB are kept in several records, with one timestamp at the first; a record of the other
 * stream may land between them, is then glued to what is before it, and what follows its newline has a timestamp again.
 * The end of a log has no newline when main wrote none. So each line begins with a timestamp, and one that doesn't isn't
 * main's: it is what the kubelet has to say, such as that it can't read the log, which it writes into the log itself.
 */
import { longestTimestamp, parseInstant, type Instant } from "./instant.ts";

export interface Segment {
  /** `remark`: the kubelet's own words, or a line whose beginning `sinceTime` has cut off. */
  readonly kind: "line" | "remark";
  /** In the segment that a line begins with: when the runtime took it. */
  readonly written?: Instant;
  /** At most up to the line's newline, and with it. A view of what was pushed. */
  readonly bytes: Uint8Array;
}

export interface LineSplitter {
  /** Takes the next bytes, cut anywhere. */
  push(bytes: Uint8Array): Segment[];
  /** What is left when the stream ends: the beginning of a line that isn't one of main's. */
  flush(): Segment[];
}

const newline = 0x0a;
const space = 0x20;

export function createLineSplitter(): LineSplitter {
  /** Of the line that has begun; undefined at a line's beginning. */
  let kind: Segment["kind"] | undefined;
  /** The beginning of a line that is too short to say what it is. */
  let held: Uint8Array = new Uint8Array();

  function readBeginning(bytes: Uint8Array): (Segment & { end: number }) | undefined {
    const head = bytes.subarray(0, longestTimestamp + 1);
    const behind = head.indexOf(space);
    const written = behind < 0 ? undefined : parseInstant(head.subarray(0, behind));
    if (written === undefined && head.length <= longestTimestamp && behind < 0 && !head.includes(newline))
      return undefined;
    const start = written === undefined ? 0 : behind + 1;
    const end = findEnd(bytes, start);
    const content = bytes.subarray(start, end);
    if (written === undefined) return { kind: "remark", bytes: content, end };
    return { kind: "line", written, bytes: content, end };
  }

  function readRest(bytes: Uint8Array, start: number): (Segment & { end: number }) | undefined {
    if (kind === undefined) {
      const beginning = readBeginning(bytes.subarray(start));
      return beginning && { ...beginning, end: start + beginning.end };
    }
    const end = findEnd(bytes, start);
    return { kind, bytes: bytes.subarray(start, end), end };
  }

  return {
    push(fresh) {
      const bytes = held.length === 0 ? fresh : Buffer.concat([held, fresh]);
      const segments: Segment[] = [];
      let start = 0;
      while (start < bytes.length) {
        const segment = readRest(bytes, start);
        if (segment === undefined) break;
        segments.push(segment);
        start = segment.end;
        kind = bytes[start - 1] === newline ? undefined : segment.kind;
      }
      held = new Uint8Array(bytes.subarray(start));
      return segments;
    },
    flush() {
      const isCut = held.length === 0 || /^\d/.test(String.fromCharCode(held[0] ?? 0));
      return isCut ? [] : [{ kind: "remark", bytes: held }];
    },
  };
}

function findEnd(bytes: Uint8Array, start: number): number {
  const found = bytes.indexOf(newline, start);
  return found < 0 ? bytes.length : found + 1;
}
