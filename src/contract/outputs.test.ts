import { expect, test } from "vitest";
import { check } from "./decode.ts";
import { Manifest, manifestLocations, noOutputs, Outputs } from "./outputs.ts";

test.for(manifestLocations)("a manifest may be for %s", (location) => {
  expect(check(Manifest, { location, data: { a: 1 } })).toEqual({ ok: true, value: { location, data: { a: 1 } } });
});

test("a manifest's payload may be called manifest, as the specification does, and comes out as data", () => {
  expect(check(Manifest, { location: "volume", manifest: [1] })).toEqual({
    ok: true,
    value: { location: "volume", data: [1] },
  });
  expect(check(Manifest, { location: "volume", data: null })).toMatchObject({ value: { data: null } });
  expect(check(Manifest, { location: "volume", data: null, manifest: "x" })).toMatchObject({ value: { data: "x" } });
});

test.for([
  [{ location: "volume" }, "the body must hold data"],
  [{ data: {} }, "location is missing"],
  [{ location: "moon", data: {} }, `location must be one of ${manifestLocations.join(", ")}`],
  [{ location: 5, data: {} }, `location is a number, must be one of ${manifestLocations.join(", ")}`],
  [null, "the body is null, must be an object"],
] as const)("%j is no manifest", ([manifest, problem]) => {
  expect(check(Manifest, manifest)).toEqual({ ok: false, problem });
});

test("outputs are any JSON, whatever their names are", () => {
  const outputs = { values: { constructor: [null], "": "x" }, secrets: { toString: {} }, manifests: [] };
  expect(check(Outputs, outputs)).toEqual({ ok: true, value: outputs });
  expect(check(Outputs, noOutputs)).toEqual({ ok: true, value: noOutputs });
});

test.for([
  { values: [], secrets: {}, manifests: [] },
  { values: {}, secrets: null, manifests: [] },
  { values: {}, secrets: {}, manifests: {} },
  { values: {}, secrets: {} },
])("%j are no outputs", (outputs) => {
  expect(check(Outputs, outputs).ok).toBe(false);
});
