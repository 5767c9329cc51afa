import { expect, test } from "vitest";
import { describeDuration, parseSince } from "./durations.ts";

test.for<[milliseconds: number, text: string]>([
  [-5, "0.0 s"],
  [0, "0.0 s"],
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

const now = new Date("2026-03-01T12:00:00Z");

test.for<[text: string, time: string]>([
  ["90s", "2026-03-01T11:58:30.000Z"],
  ["10m", "2026-03-01T11:50:00.000Z"],
  ["2h", "2026-03-01T10:00:00.000Z"],
  ["3d", "2026-02-26T12:00:00.000Z"],
  ["2026-02-01", "2026-02-01T00:00:00.000Z"],
  ["2026-02-01T12:00:00+02:00", "2026-02-01T10:00:00.000Z"],
])("since %s is %s", ([text, time]) => {
  expect(parseSince(text, now)).toEqual({ ok: true, value: time });
});

test.for(["", "yesterday", "10", "10 m", "-1h", "999999999d", "2026-13-01", "1"])("since %j is no time", (text) => {
  expect(parseSince(text, now)).toMatchObject({ ok: false });
});
