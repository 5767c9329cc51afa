/** Delivers again what was given up. */
import { BusUnavailable } from "../bus/port.ts";
import { createState } from "./outbox-state.ts";
import type { OutboxStore } from "./outbox-store.ts";

const mostAttempts = 50;

/** Puts parked events back, of one run or of all; answers with how many. Whoever delivers takes them within seconds. */
export async function replayParked(store: OutboxStore, runId?: string): Promise<number> {
  const parked = (await store.listParked()).filter((one) => runId === undefined || one.runId === runId);
  if (parked.length === 0) return 0;
  // First asked for, then out of the list: who dies in between has them delivered, and still listed.
  const replay = parked.map(({ runId: id, sequence }) => ({ runId: id, after: sequence - 1, until: sequence }));
  for (let attempts = 0; attempts < mostAttempts; attempts++) {
    const { value = createState(0), revision } = await store.load();
    const written = await store.save({ ...value, replay: [...value.replay, ...replay] }, revision);
    if (written.kind === "conflict") continue;
    await store.takeParked(runId);
    return parked.length;
  }
  throw new BusUnavailable("replay webhooks", { reason: `others changed the outbox, ${mostAttempts} times` });
}
