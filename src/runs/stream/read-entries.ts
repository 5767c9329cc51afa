import type { Entry, Journal } from "../../bus/port.ts";
import type { RunAddress } from "../../contract/names.ts";
import { withTicks } from "./with-ticks.ts";

/** Without an entry for so long, milliseconds, it is asked whether there will be one. */
const lookMilliseconds = 2000;

/**
 * A run's entries behind a sequence, up to and including another: what was there when the latter was the last one. Rejects
 * with `BusUnavailable` when the broker goes away meanwhile, as following would wait for it.
 */
export async function* readEntries(
  journal: Pick<Journal, "follow" | "last">,
  address: RunAddress,
  { after, last, signal }: { after: number; last: number; signal: AbortSignal },
): AsyncGenerator<Entry> {
  if (after >= last) return;
  const leaving = new AbortController();
  const entries = journal.follow(address, { after, signal: AbortSignal.any([signal, leaving.signal]) });
  try {
    for await (const entry of withTicks(entries, lookMilliseconds)) {
      if (entry === undefined) {
        // The journal's limits have taken the rest.
        if ((await journal.last(address)) === undefined) return;
        continue;
      }
      if (entry.sequence > last) return;
      yield entry;
      if (entry.sequence === last) return;
    }
  } finally {
    leaving.abort();
  }
}
