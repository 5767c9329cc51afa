import { expect, test } from "vitest";
import { noOutputs } from "../../src/contract/outputs.ts";
import { nameOutputs } from "./name-outputs.ts";

const redactText = (text: string) => text.replaceAll("hunter2", "***");

test("outputs are named, never shown, and manifests counted", () => {
  const outputs = {
    values: { a: 1, b: "x" },
    secrets: { c: "y" },
    manifests: [{ location: "namespace", data: 1 } as const],
  };
  expect(nameOutputs(outputs, { redactText })).toEqual({ values: ["a", "b"], secrets: ["c"], manifests: 1 });
});

test("a secret in a name is masked", () => {
  const outputs = { ...noOutputs, values: { "key-hunter2": 1 }, secrets: { hunter2: 1 } };
  expect(nameOutputs(outputs, { redactText })).toEqual({ values: ["key-***"], secrets: ["***"], manifests: 0 });
});

test("more names than fit into an event are counted instead", () => {
  const values = Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`name-${i}`, 1]));
  const named = nameOutputs({ ...noOutputs, values, secrets: { last: 1 } }, { redactText });
  expect(named.values.length + (named.unlisted ?? 0)).toBe(50_001);
  expect(named.values.length).toBeGreaterThan(1000);
  expect(JSON.stringify(named).length).toBeLessThan(17 * 1024);
});

test("one name that is too long for an event is counted", () => {
  const named = nameOutputs({ ...noOutputs, values: { ["x".repeat(20_000)]: 1 } }, { redactText });
  expect(named).toEqual({ values: [], secrets: [], manifests: 0, unlisted: 1 });
});
