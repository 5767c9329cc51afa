/** Headers of the driver API, by their names in requests and answers. */
import { describeLimit, limits } from "../limits.ts";
import { refuse, succeed, type Result } from "../result.ts";

/**
 * The driver cookie: text that the orchestrator keeps for the driver. All our state is on our side, so none is ever set;
 * one that a former driver left is taken as long as it obeys the API, and stays as it is.
 */
export const cookieHeader = "Humanitec-Driver-Cookie";

/** The run that an answer is about, for whoever reads the orchestrator's log. */
export const runHeader = "Container-Driver-Run";

/** A driver cookie must be under 10,240 bytes. */
export function checkCookie(cookie: string | undefined): Result<undefined> {
  const bytes = new TextEncoder().encode(cookie ?? "").length;
  return bytes < limits.cookieBytes
    ? succeed(undefined)
    : refuse(describeLimit(`header ${cookieHeader}`, bytes, limits.cookieBytes - 1, "bytes"));
}

/**
 * `Prefer: wait=N` (RFC 7240): how long the caller would like the answer to be held, in seconds, at most
 * `limits.waitSeconds`. A preference that can't be read counts as none, as the RFC has it.
 */
export function parseWait(prefer: string | undefined, fallback: number): number {
  const match = /(?:^|[,;])\s*wait\s*=\s*"?(\d{1,6})"?\s*(?:$|[,;])/i.exec(prefer ?? "");
  return Math.min(match === null ? fallback : Number(match[1]), limits.waitSeconds);
}
