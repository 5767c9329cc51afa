import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeSetupReport, encodeSetupReport, mostReportBytes } from "./setup-report.ts";

const commit = "0123456789abcdef0123456789abcdef01234567";
const cutBytes = (text: string, bytes: number) => Buffer.from(text).subarray(0, bytes).toString();

describe("a report of setup", () => {
  test.each([
    {},
    { commit },
    { commit: commit + commit.slice(0, 24) },
    { commit, unchanged: true },
    { problem: "Cannot check out https://git.example/a at main: there is no such repository" },
    { commit, problem: 'two\nlines, "quotes" and {}' },
  ])("comes out as it went in: %j", (report) => {
    expect(decodeSetupReport(encodeSetupReport(report))).toEqual({ ok: true, value: report });
  });

  test("shows its problem to people as it is", () => {
    expect(encodeSetupReport({ problem: 'Cannot use "x"' })).toBe('{}\nCannot use "x"');
  });

  test("that is too long loses the problem's end, and no character is cut in two", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", minLength: 1000, maxLength: 6000 }), (problem) => {
        const text = encodeSetupReport({ commit, problem });
        const decoded = decodeSetupReport(text);
        const kept = decoded.ok ? (decoded.value.problem ?? "") : "";
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(mostReportBytes);
        expect(decoded).toMatchObject({ ok: true, value: { commit } });
        const whole = problem.toWellFormed();
        expect(kept === whole || (kept.endsWith("…") && whole.startsWith(kept.slice(0, -1)))).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  test("is not cut at its limit, and is one byte above it", () => {
    const fitting = "x".repeat(mostReportBytes - 3);
    expect(encodeSetupReport({ problem: fitting })).toBe(`{}\n${fitting}`);
    expect(encodeSetupReport({ problem: `${fitting}x` })).toBe(`{}\n${fitting.slice(0, -3)}…`);
  });

  test("that the kubelet cuts further still says the commit, and the beginning of the problem", () => {
    const text = encodeSetupReport({ commit, problem: "ü".repeat(3000) });
    const decoded = decodeSetupReport(cutBytes(text, Math.floor(12_288 / 12)));
    expect(decoded).toMatchObject({ ok: true, value: { commit } });
  });

  test.each([
    ["", "it has no first line"],
    ["{}", "it has no first line"],
    ["Killed\n", "not JSON"],
    ["[]\n", "not an object but a list"],
    ['{"commit":"HEAD"}\n', "commit must be a commit's hash"],
    ['{"commit":7}\n', "commit is a number, must be a string"],
  ])("is refused when setup did not write it: %j", (message, problem) => {
    const decoded = decodeSetupReport(message);
    expect(decoded.ok ? "" : decoded.problem).toContain(`Cannot read the report of setup: ${problem}`);
  });

  test("of a newer setup is read without what is new", () => {
    expect(decodeSetupReport(`{"commit":"${commit}","seconds":3}\n`)).toEqual({ ok: true, value: { commit } });
  });
});
