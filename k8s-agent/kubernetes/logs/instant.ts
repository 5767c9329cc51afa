/**
 * The time at which a container runtime took a line: RFC 3339 with up to nine digits behind the point, at the node's own
 * offset from UTC. Finer than a `Date` can hold, and all that a line can be known by.
 */

export interface Instant {
  /** Whole seconds since 1970. */
  readonly seconds: number;
  readonly nanos: number;
}

/** Such as `2026-11-23T00:23:31.987759199+02:00`. */
export const longestTimestamp = 35;

export function compareInstants(one: Instant, other: Instant): number {
  return one.seconds - other.seconds || one.nanos - other.nanos;
}

export function toMilliseconds({ seconds, nanos }: Instant): number {
  return seconds * 1000 + nanos / 1e6;
}

const zero = 0x30;
const signs = new Map([
  [0x2b, 1],
  [0x2d, -1],
]);
const pattern = "dddd-dd-ddTdd:dd:dd";

/** Reads the whole of the bytes as a timestamp; undefined: they are none. Called for every line: makes no strings. */
export function parseInstant(bytes: Uint8Array): Instant | undefined {
  if (bytes.length > longestTimestamp || !matchesPattern(bytes)) return undefined;
  const fraction = readFraction(bytes, pattern.length);
  const offset = readOffset(bytes, fraction.end);
  if (offset === undefined) return undefined;
  const two = (start: number) => readDigits(bytes, start, start + 2);
  const time = Date.UTC(readDigits(bytes, 0, 4), two(5) - 1, two(8), two(11), two(14), two(17));
  return { seconds: time / 1000 - offset, nanos: fraction.nanos };
}

function matchesPattern(bytes: Uint8Array): boolean {
  for (let index = 0; index < pattern.length; index += 1) {
    const byte = bytes[index] ?? 0;
    const fits = pattern[index] === "d" ? isDigit(byte) : byte === pattern.charCodeAt(index);
    if (!fits) return false;
  }
  return true;
}

function readFraction(bytes: Uint8Array, start: number): { nanos: number; end: number } {
  if (bytes[start] !== 0x2e) return { nanos: 0, end: start };
  let end = start + 1;
  while (isDigit(bytes[end] ?? 0)) end += 1;
  return { nanos: readDigits(bytes, start + 1, end) * 10 ** (9 - (end - start - 1)), end };
}

/** Seconds that the node is ahead of UTC. */
function readOffset(bytes: Uint8Array, start: number): number | undefined {
  if (bytes[start] === 0x5a) return bytes.length === start + 1 ? 0 : undefined;
  const sign = signs.get(bytes[start] ?? 0);
  if (sign === undefined || bytes.length !== start + 6 || bytes[start + 3] !== 0x3a) return undefined;
  return sign * (readDigits(bytes, start + 1, start + 3) * 3600 + readDigits(bytes, start + 4, start + 6) * 60);
}

function readDigits(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let index = start; index < end; index += 1) value = value * 10 + (bytes[index] ?? zero) - zero;
  return value;
}

function isDigit(byte: number): boolean {
  return byte >= zero && byte <= zero + 9;
}
