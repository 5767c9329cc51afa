import { expect, test } from "vitest";
import { parseSince } from "./durations.ts";

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
