/** A run's events: what there is, and what comes until its end. */
import type { Journal } from "../../bus/port.ts";
import { isTerminal } from "../../contract/events.ts";
import type { FoundRun } from "../find-run.ts";
import { readEntries } from "./read-entries.ts";
import { readEvent, type ToldEvent } from "../read-event.ts";
import type { Frame, StreamOptions } from "./frame.ts";

export async function* streamRunEvents(
  { address, last, ended, event }: FoundRun,
  { events, after, follow, signal }: StreamOptions & { events: Pick<Journal, "follow" | "last"> },
): AsyncGenerator<Frame<ToldEvent>> {
  let status = event.data.phase;
  // A reader may know more than the replica of the broker that was asked for the last one.
  const from = Math.min(after, last.sequence);
  const entries =
    follow && !ended
      ? events.follow(address, { after: from, signal })
      : readEntries(events, address, { after: from, last: last.sequence, signal });
  for await (const entry of entries) {
    const told = readEvent(entry, address);
    if (!told.ok) continue;
    status = told.value.data.phase;
    if (entry.sequence > after) yield { kind: "item", cursor: `${entry.sequence}`, item: told.value };
    if (isTerminal(status)) break;
  }
  if (!signal.aborted) yield { kind: "end", end: { status, complete: true } };
}
