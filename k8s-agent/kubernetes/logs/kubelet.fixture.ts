/** A model of what a kubelet since 1.27 makes of a container's log file, after cri-client's logs.go. */
import fc from "fast-check";
import type { Instant } from "./instant.ts";

/** What the container runtime writes into the file: a line, or a part of one that is over 16 KiB. */
export interface LogRecord {
  readonly written: Instant;
  readonly content: string;
  /** The line goes on in the next record of its stream. */
  readonly partial: boolean;
}

/** Main's log as it is, with one character for each byte. */
export function toText(records: readonly LogRecord[]): string {
  return records.map(({ content, partial }) => (partial ? content : `${content}\n`)).join("");
}

/** The log as `timestamps=true` gives it, from a second on. */
export function renderLog(records: readonly LogRecord[], since = -Infinity): Buffer {
  let isNewLine = true;
  let text = "";
  for (const { written, content, partial } of records) {
    const body = partial ? content : `${content}\n`;
    if (written.seconds >= since) text += isNewLine ? `${renderInstant(written)} ${body}` : body;
    // Records that are left out count as well.
    isNewLine = body === "" || body.endsWith("\n");
  }
  return Buffer.from(text, "latin1");
}

export function renderInstant({ seconds, nanos }: Instant): string {
  return new Date(seconds * 1000).toISOString().replace(/\.000Z$/, `.${String(nanos).padStart(9, "0")}Z`);
}

const content = fc.oneof(
  fc.string({ unit: fc.constantFrom("a", " ", "\r", "\0", "\xff", "\x80", "2", ":", "Z", "T"), maxLength: 12 }),
  fc.constantFrom("", "x".repeat(300), "2026-11-23T00:23:31.987759199Z forged", "unable to retrieve container logs"),
);

/** Steps of a nanosecond, none, a second and more, and back by less than a second. */
const step = fc.constantFrom(0, 0, 1, 1000, 300_000_000, 999_999_999, 1_000_000_000, 7_300_000_000, -400, -900_000_000);

/** Logs as two streams write them: equal and disordered times, lines in parts with others between them. */
export const anyRecords = fc
  .array(fc.record({ step, content, partial: fc.boolean() }), { maxLength: 30 })
  .map((entries) => {
    let latest = 1_795_393_411_500_000_000n;
    let isGlued = false;
    return entries.map(({ step: nanoseconds, content: text, partial }): LogRecord => {
      // Glued to a part of a line, and older by so much that `sinceTime` parts the two: not to be had within microseconds.
      const time = latest + BigInt(isGlued ? Math.max(0, nanoseconds) : nanoseconds);
      latest = time > latest ? time : latest;
      isGlued = partial && text !== "";
      return { written: toInstant(time), content: text, partial: isGlued };
    });
  });

function toInstant(time: bigint): Instant {
  return { seconds: Number(time / 1_000_000_000n), nanos: Number(time % 1_000_000_000n) };
}

/** Cuts bytes at places given as fractions. */
export function cutAt(bytes: Uint8Array, fractions: readonly number[]): Uint8Array[] {
  const places = [0, ...fractions.map((at) => Math.floor(at * bytes.length)).toSorted((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end));
}
