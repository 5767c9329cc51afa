import { expect, test } from "vitest";
import { check } from "./decode.ts";
import { Timestamp } from "./timestamp.ts";

test.for([
  "2027-01-15T08:00:00Z",
  "2027-01-15T08:00:00.123Z",
  "2027-01-15T08:00:00.123456789+01:00",
  "2028-02-29T23:59:59-12:00",
  new Date(0).toISOString(),
])("%s is a time", (text) => {
  expect(check(Timestamp, text)).toEqual({ ok: true, value: text });
});

test.for(["x", "", "2027-01-15", "2027-01-15T08:00:00", "2027-01-15T08:00:00+01", "2027-02-29T08:00:00Z"])(
  "%j is none",
  (text) => {
    const read = check(Timestamp, text);
    expect(read.ok ? "taken" : read.problem).toBe("the body must be a time such as 2027-01-15T08:00:00Z");
  },
);
