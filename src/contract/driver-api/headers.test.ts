import { expect, test } from "vitest";
import { limits } from "../limits.ts";
import { checkCookie, parseWait } from "./headers.ts";

test("a driver cookie must be under 10,240 bytes", () => {
  expect(checkCookie(undefined).ok).toBe(true);
  expect(checkCookie("").ok).toBe(true);
  expect(checkCookie("x".repeat(10_239)).ok).toBe(true);
  expect(checkCookie("x".repeat(10_240))).toEqual({
    ok: false,
    problem: "header Humanitec-Driver-Cookie is 10240 bytes, the limit is 10239 bytes",
  });
});

test("a driver cookie is counted in bytes, and not repeated", () => {
  const checked = checkCookie("ü".repeat(6000));
  expect(checked.ok ? "" : checked.problem).toContain("is 12000 bytes");
  expect(checked.ok ? "" : checked.problem).not.toContain("ü");
});

test.for([
  [undefined, 3],
  ["", 3],
  ["wait=10", 10],
  ["WAIT=10", 10],
  ["wait = 10", 10],
  ['wait="10"', 10],
  ["respond-async, wait=10", 10],
  ["respond-async; wait=10; foo", 10],
  ["wait=10, wait=5", 10],
  ["wait=0", 0],
  ["wait=25", 25],
  ["wait=26", limits.waitSeconds],
  ["wait=999999", limits.waitSeconds],
  ["wait=99999999999999999999", 3],
  ["wait=-1", 3],
  ["wait=1.5", 3],
  ["wait=1e3", 3],
  ["wait=", 3],
  ["wait", 3],
  ["await=10", 3],
  ["wait=10x", 3],
  ["wait=٣", 3],
  [`wait=1${" ".repeat(5000)}x`, 3],
] as const)("Prefer: %s waits %d seconds", ([prefer, seconds]) => {
  expect(parseWait(prefer, 3)).toBe(seconds);
});

test("what counts as none can't be longer than the limit either", () => {
  expect(parseWait(undefined, 1000)).toBe(limits.waitSeconds);
});
