import { base64url } from "jose";
import { expect, test } from "vitest";
import { deriveCollectorKey } from "./collector-key.ts";
import { deriveRunKey } from "./run-key.ts";
import { address, createParties, otherRunId } from "./sealing.fixture.ts";

test("a collector's key is the same each time, another run's is another, and the run's own key isn't in it", async () => {
  const { frontDoor } = await createParties();
  const [run, other] = await Promise.all(
    [address, { ...address, runId: otherRunId }].map((one) => deriveRunKey(frontDoor, one)),
  );
  const key = await deriveCollectorKey(run?.key ?? "");
  expect(base64url.decode(key)).toHaveLength(32);
  expect(await deriveCollectorKey(run?.key ?? "")).toBe(key);
  expect(new Set([key, run?.key, await deriveCollectorKey(other?.key ?? "")]).size).toBe(3);
});

test("a collector's key stays what it is from release to release: an agent takes over runs of an older one", async () => {
  const runKey = base64url.encode(new Uint8Array(32).map((_, i) => i));
  expect(await deriveCollectorKey(runKey)).toBe("OmuDT90LlHpq1lKrieY0Z1bwWlbcf1UEjyH-T41apaQ");
});
