import { expect, test } from "vitest";
import { describeDuration } from "./describe-duration.ts";

test.for<[milliseconds: number, text: string]>([
  [-5, "0 ms"],
  [0, "0 ms"],
  [12.4, "12 ms"],
  [100, "0.1 s"],
  [1234, "1.2 s"],
  [59_400, "59 s"],
  [59_600, "1 min"],
  [83_000, "1 min 23 s"],
  [3_600_000, "1 h"],
  [2 * 86_400_000 - 60_000, "47 h 59 min"],
  [50 * 3_600_000, "2 d 2 h"],
])("%d ms are %s", ([milliseconds, text]) => {
  expect(describeDuration(milliseconds)).toBe(text);
});
