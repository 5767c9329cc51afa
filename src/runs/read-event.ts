/** Events as teams may see them, read from the bus. */
import * as v from "valibot";
import type { Entry } from "../bus/port.ts";
import { decodeMessage } from "../contract/decode.ts";
import { eventTypes } from "../contract/events.ts";
import type { RunAddress } from "../contract/names.ts";
import { refuse, type Result } from "../contract/result.ts";
import { SeenEvent } from "../contract/runs-api/seen-event.ts";

const { cursor: _, ...entries } = SeenEvent.entries;

/** Its schema doesn't have the sealed part: what is decoded with it is without. */
const ToldEvent = v.object(entries);
export type ToldEvent = v.InferOutput<typeof ToldEvent>;

/**
 * Decodes an event without its sealed part. It has to be of the run whose subject it came on: an agent may write to its
 * own cluster's subjects only, but what it writes there is up to it.
 */
export function readEvent({ data }: Pick<Entry, "data">, { cluster, runId }: RunAddress): Result<ToldEvent> {
  const event = decodeMessage(ToldEvent, data);
  if (!event.ok) return event;
  const { data: said } = event.value;
  return said.cluster === cluster && said.runId === runId ? event : refuse("an event of another run");
}

/** The first event of every run. */
export function isRequest({ type }: ToldEvent): boolean {
  return type === eventTypes.requested;
}
