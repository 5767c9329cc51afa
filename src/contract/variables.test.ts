import * as v from "valibot";
import { expect, test } from "vitest";
import { ClusterName } from "./names.ts";
import { readVariables, wholeNumber } from "./variables.ts";

const entries = {
  PORT: v.optional(wholeNumber(0, 65_535), "8787"),
  CLUSTER: ClusterName,
  LEVEL: v.optional(v.picklist(["info", "debug"], "must be info or debug"), "info"),
};

test("variables are read with their defaults, and others are let be", () => {
  expect(readVariables(entries, { CLUSTER: "local", PATH: "/bin" })).toEqual({
    ok: true,
    value: { PORT: 8787, CLUSTER: "local", LEVEL: "info" },
  });
});

test("an empty variable counts as left out", () => {
  expect(readVariables(entries, { CLUSTER: "local", PORT: "", LEVEL: "" })).toMatchObject({ value: { PORT: 8787 } });
  expect(readVariables(entries, { CLUSTER: "" })).toEqual({ ok: false, problem: "CLUSTER is missing" });
});

test("everything that is wrong is told at once, without the values", () => {
  const read = readVariables(entries, { PORT: "canary", CLUSTER: "Canary!", LEVEL: "canary" });
  expect(read).toEqual({
    ok: false,
    problem:
      "PORT must be a whole number; CLUSTER must be 1 to 63 of a-z, 0-9 and hyphens, with no hyphen at either end; LEVEL must be info or debug",
  });
});

test.for(["-1", "1.0", "1e3", "0x10", " 1", "1 ", "９", "12345678901", "NaN", "+1"])(
  "%j is not a whole number",
  (text) => {
    expect(v.is(wholeNumber(0, 65_535), text)).toBe(false);
  },
);

test("a whole number keeps to its bounds", () => {
  const read = (text: string) => v.safeParse(wholeNumber(1, 25), text);
  expect(read("1").output).toBe(1);
  expect(read("25").output).toBe(25);
  expect(read("0").issues?.[0].message).toBe("must be at least 1");
  expect(read("26").issues?.[0].message).toBe("must be at most 25");
});
