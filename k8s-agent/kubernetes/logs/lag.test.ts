import { expect, test } from "vitest";
import { createLag } from "./lag.ts";

const at = (milliseconds: number) => ({
  seconds: Math.floor(milliseconds / 1000),
  nanos: (milliseconds % 1000) * 1e6,
});

/** Enters lines, each written and received at a time, with its bytes; tells which ones files may have been skipped before. */
function findSkips(lines: readonly (readonly [written: number, received: number, bytes: number])[]): boolean[] {
  const lag = createLag();
  return lines.map(([written, received, bytes]) => {
    const skipped = lag.enterLine(at(written), new Date(received));
    lag.advance(bytes);
    return skipped;
  });
}

const mebibyte = 1024 * 1024;

test("a kubelet that stood still at the end of a file, and went on with the newest one, may have skipped some", () => {
  const lines = [
    [0, 10, 100],
    [4000, 4010, 10 * mebibyte],
    [40_000, 43_000, 100],
    [40_001, 43_000, 100],
  ] as const;
  expect(findSkips(lines)).toEqual([false, false, true, false]);
});

test("a main that was silent, and is read at once, has skipped nothing; nor has a log too short to be rotated", () => {
  const long = [
    [0, 10, 10 * mebibyte],
    [40_000, 40_200, 100],
  ] as const;
  const short = [
    [0, 10, 1000],
    [40_000, 43_000, 100],
  ] as const;
  expect(findSkips(long)).toEqual([false, false]);
  expect(findSkips(short)).toEqual([false, false]);
});
