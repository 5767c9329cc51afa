/**
 * What setup leaves as its termination message: a line of JSON, and then the problem as plain text, for `kubectl describe`
 * shows it to people. The kubelet takes the last 4096 bytes of the file, and of these the first 12,288 / (number of
 * containers): a report that was cut loses the end of its problem, never the line.
 */
import * as v from "valibot";
import { check } from "../../../src/contract/decode.ts";
import { parseJsonObject, stringifyJson } from "../../../src/contract/json.ts";
import { refuse, succeed, type Result } from "../../../src/contract/result.ts";

const Line = v.object({
  commit: v.exactOptional(v.pipe(v.string(), v.regex(/^([0-9a-f]{40}|[0-9a-f]{64})$/, "must be a commit's hash"))),
  unchanged: v.exactOptional(v.boolean()),
});

/** Setup's outcome; with `problem` or `unchanged` main must not run. */
export interface SetupReport {
  /** The commit that was checked out, 40 or 64 hex digits; left out without a source. */
  readonly commit?: string;
  /** The source still is at the commit of the last success. */
  readonly unchanged?: boolean;
  /** A sentence that holds no secret. */
  readonly problem?: string;
}

/** Bytes of a report, at most. */
export const mostReportBytes = 4096;

const encoder = new TextEncoder();
const cutMark = "…";

/** Writes a report; a problem that doesn't fit loses its end. */
export function encodeSetupReport({ problem, ...line }: SetupReport): string {
  const head = `${stringifyJson(line)}\n`;
  return problem === undefined ? head : cutText(`${head}${problem.toWellFormed()}`, mostReportBytes);
}

/** Reads a report from a termination message, which may have been cut. Refused when setup was not the one who wrote it. */
export function decodeSetupReport(message: string): Result<SetupReport> {
  const end = message.indexOf("\n");
  if (end < 0) return refuse("Cannot read the report of setup: it has no first line");
  const parsed = parseJsonObject(message.slice(0, end));
  const line = parsed.ok ? check(Line, parsed.value) : parsed;
  if (!line.ok) return refuse(`Cannot read the report of setup: ${line.problem}`);
  const problem = message.slice(end + 1);
  return succeed({ ...line.value, ...(problem === "" ? {} : { problem }) });
}

function cutText(text: string, most: number): string {
  const room = most - encoder.encode(cutMark).length;
  if (encoder.encode(text).length <= most) return text;
  // Whole characters only: `read` counts the UTF-16 units that fitted.
  const { read } = encoder.encodeInto(text, new Uint8Array(room));
  return `${text.slice(0, read)}${cutMark}`;
}
