import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { createState } from "./outbox-state.ts";
import { keepOutbox } from "./keep-outbox.ts";
import type { OutboxStore } from "./outbox-store.ts";

test("an idle outbox holds nothing of those who waited for it, and wakes those who do", async () => {
  const ending = new AbortController();
  let revision = 0;
  const store: OutboxStore = {
    load: async () => ({ value: undefined, revision }),
    save: async () => ({ kind: "written", revision: ++revision }),
    listParked: async () => [],
    park: async () => undefined,
    takeParked: async () => [],
  };
  const state = { ...createState(0), holder: "us" };
  const outbox = keepOutbox(
    { state, revision },
    { store, timing: { renew: 600_000, takeOver: 1 }, signal: ending.signal },
  );
  const listeners = () => [ending.signal, outbox.lost].map((signal) => getEventListeners(signal, "abort").length);
  const before = listeners();
  for (let i = 0; i < 200; i++) await outbox.wait(0);
  expect(listeners()).toEqual(before);
  const waiting = [outbox.wait(600_000), outbox.wait(600_000)];
  outbox.changed();
  await Promise.all(waiting);
  const last = outbox.wait(600_000);
  ending.abort();
  await last;
  await outbox.letGo();
  expect(getEventListeners(ending.signal, "abort")).toHaveLength(0);
});
