import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { awaitReadiness, tellReadiness } from "./readiness.ts";

const createName = () => `\0test-${randomUUID()}`;

test("whoever waits for the collector goes on once it is ready, before or after", async () => {
  const name = createName();
  const waiting = awaitReadiness(AbortSignal.timeout(60_000), name);
  tellReadiness(name);
  await waiting;
  await awaitReadiness(AbortSignal.timeout(60_000), name);
});

test("a collector that never is ready is waited for until there is no more time", async () => {
  await expect(awaitReadiness(AbortSignal.timeout(100), createName())).rejects.toThrow("aborted");
});
