/** Logs of numbered lines of 100 bytes each: what is missing, doubled or out of place can be seen. */
import type { LogPiece } from "../../../k8s-agent/launch/launcher.ts";

export const numberedLineBytes = 100;

const filler = "abcdefghijklmnopqrstuvwxyz".repeat(4).slice(0, numberedLineBytes - 11);

/** For busybox: so many lines, in bursts of so many with a pause of so many milliseconds after each. */
export function printNumberedLines({ count, burst = count, pauseMilliseconds = 0 }: NumberedLines): string {
  const wait =
    pauseMilliseconds === 0 ? "" : `if (i % ${burst} == 0) { fflush(); system("usleep ${pauseMilliseconds * 1000}") }`;
  return `awk 'BEGIN { for (i = 1; i <= ${count}; i++) { printf "%09d ${filler}\\n", i; ${wait} } }'`;
}

export interface NumberedLines {
  readonly count: number;
  readonly burst?: number;
  readonly pauseMilliseconds?: number;
}

export function buildNumberedLines(first: number, last: number): string {
  let text = "";
  for (let number = first; number <= last; number += 1) text += `${String(number).padStart(9, "0")} ${filler}\n`;
  return text;
}

/** Kubelets before 1.27 repeat the timestamp inside of a line that is kept in parts: known, and nothing of ours. */
export function dropInnerTimestamps(line: string): string {
  return line.replaceAll(/(?<=[^\n])\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z /g, "");
}

export interface Count {
  /** Whole lines read. */
  readonly lines: number;
  /** The last one's number. */
  readonly last: number;
  /** Each place where a line isn't the next one, or is none, and no gap is said there. */
  readonly faults: readonly string[];
  /** Lines that are missing there. */
  readonly unsaid: number;
  /** What was said to be missing, and how many lines really were. */
  readonly gaps: readonly { readonly reason: string; readonly missing: number }[];
}

/**
 * Reads a log of numbered lines and holds each line against the one before it. Beside a gap there may be a part of a line, or
 * two that run into one another: rotation cuts lines where it likes.
 */
export async function countLines(pieces: AsyncIterable<LogPiece>): Promise<Count> {
  const faults: string[] = [];
  const gaps: { reason: string; missing: number }[] = [];
  let lines = 0;
  let unsaid = 0;
  let last = 0;
  let rest = "";
  let broken: string | undefined;
  let reason: string | undefined;

  function take(line: string): void {
    const number = Number(line.slice(0, 9));
    if (line !== buildNumberedLines(number, number).trimEnd()) {
      if (broken !== undefined) faults.push(broken);
      broken = reason === undefined ? `${line.slice(0, 300)} behind ${last}` : undefined;
      return;
    }
    if (reason !== undefined) gaps.push({ reason, missing: number - last - 1 });
    else if (broken !== undefined || number !== last + 1) {
      faults.push(broken ?? `${number} behind ${last}`);
      unsaid += number - last - 1;
    }
    broken = reason = undefined;
    lines += 1;
    last = number;
  }

  for await (const { bytes, gap } of pieces) {
    if (gap !== undefined) {
      ({ reason } = gap);
      broken = undefined;
      rest = "";
    }
    const all = (rest + Buffer.from(bytes).toString("latin1")).split("\n");
    rest = all.pop() ?? "";
    for (const line of all) take(dropInnerTimestamps(line));
  }
  if (reason !== undefined) gaps.push({ reason, missing: 0 });
  if (rest !== "" || broken !== undefined) faults.push(`${broken ?? rest.slice(0, 300)} at the end`);
  return { lines, last, faults, unsaid, gaps };
}
