import { expect, test } from "vitest";
import { errorCodes } from "./errors.ts";

const entries = Object.entries(errorCodes);

test("every code has the form that the driver API fixes", () => {
  for (const [code] of entries) expect(code).toMatch(/^RES-1\d\d$/);
});

test("the status says whose fault it is, and no two codes mean the same", () => {
  for (const [code, { fault, status }] of entries)
    expect([code, status >= 500 ? "ours" : "caller"]).toEqual([code, fault]);
  expect(new Set(entries.map(([, { name }]) => name)).size).toBe(entries.length);
});
