/**
 * A place in a log that is found again when the log is opened anew. `sinceTime` is all that the API offers: it leaves out
 * records before a second. So a place is counted from an anchor: the latest line whose timestamp is later than those of all
 * lines before it. What comes before the anchor was taken earlier, whatever the order of stdout and stderr; what comes
 * behind it is counted in bytes, so that equal timestamps, timestamps out of order and long lines need no further rule.
 */
import { refuse, succeed, type Result } from "../../../src/contract/result.ts";
import { compareInstants, type Instant } from "./instant.ts";

export interface Position {
  /** undefined: the log's beginning. */
  readonly anchor: Anchor | undefined;
  /** Bytes of the log behind the anchor's timestamp, or from the beginning. */
  readonly bytes: number;
}

export interface Anchor {
  readonly written: Instant;
  /** Whole seconds since 1970: the log read from there has the anchor and all that was seen behind it. */
  readonly since: number;
}

export const logStart: Position = { anchor: undefined, bytes: 0 };

/** Two streams' records may be out of order by a little. */
const marginSeconds = 1;

/** The place at the beginning of a line, which comes at a position. */
export function enterLine({ anchor, bytes }: Position, written: Instant): Position {
  const since = written.seconds - marginSeconds;
  if (anchor === undefined || compareInstants(written, anchor.written) > 0)
    return { anchor: { written, since }, bytes: 0 };
  // The node's clock was set back: `sinceTime` would leave out what was written since then.
  return { anchor: since < anchor.since ? { ...anchor, since } : anchor, bytes };
}

export function advance({ anchor, bytes }: Position, by: number): Position {
  return { anchor, bytes: bytes + by };
}

/** What `sinceTime` has to be for a place to be in the log. */
export function toSinceTime({ anchor }: Position): string | undefined {
  return anchor === undefined ? undefined : new Date(anchor.since * 1000).toISOString();
}

/** A position in the log of one pod, as text: `<pod's uid>/<anchor's time>/<since>/<bytes>`. */
export function encodeMark(podUid: string, { anchor, bytes }: Position): string {
  if (anchor === undefined) return `${podUid}/start/0/${bytes}`;
  const { seconds, nanos } = anchor.written;
  return `${podUid}/${seconds}.${String(nanos).padStart(9, "0")}/${anchor.since}/${bytes}`;
}

const form = /^([^/]+)\/(?:start\/0|(\d{1,12})\.(\d{9})\/(\d{1,12}))\/(\d{1,15})$/;

export function decodeMark(mark: string): Result<{ podUid: string; position: Position }> {
  const [, podUid, seconds, nanos, since, bytes] = form.exec(mark) ?? [];
  if (podUid === undefined) return refuse(`${JSON.stringify(mark)} is not the mark of a place in a pod's log`);
  const anchor =
    seconds === undefined
      ? undefined
      : { written: { seconds: Number(seconds), nanos: Number(nanos) }, since: Number(since) };
  return succeed({ podUid, position: { anchor, bytes: Number(bytes) } });
}
