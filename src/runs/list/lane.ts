/**
 * The runs of one cluster, newest first: its events are read backwards, and a run is where its first event is. Its state
 * is its last event, which is read on its own where it wasn't seen on the way.
 */
import type { History, HistoryEntry, Journal } from "../../bus/port.ts";
import { isTerminal } from "../../contract/events.ts";
import type { RunSummary } from "../../contract/runs-api/run-summary.ts";
import type { RunDetails } from "../../contract/runs-api/run-details.ts";
import { listPhases, summarize } from "../describe-run.ts";
import { isRequest, readEvent, type ToldEvent } from "../read-event.ts";

/** What may still be read. The last page may go beyond it. */
export interface Budget {
  entries: number;
  /** Terminal events hold the sealed result, so that they may be large; and anybody's headers may be. */
  bytes: number;
}

export interface LaneOptions {
  readonly events: History & Pick<Journal, "last">;
  readonly cluster: string;
  /** Where to begin; left out: at the newest. */
  readonly before: number | undefined;
  /** Whether a run, by its first event, may be one that is looked for. */
  readonly mayMatch: (request: ToldEvent) => boolean;
  readonly matches: (run: RunSummary) => boolean;
  /** Runs that were requested before are not looked for, ISO 8601. */
  readonly since: Date | undefined;
}

/** A run, and the sequence of its first event. */
export interface FoundSummary {
  readonly run: RunSummary;
  readonly sequence: number;
  /** Left out where not all of its events were seen on the way. */
  readonly phases?: RunDetails["phases"];
}

export interface Lane {
  readonly cluster: string;
  /** The next run, which stays until it is shifted; undefined where there is none, or the budget is used up. */
  peek(budget: Budget): Promise<FoundSummary | undefined>;
  shift(): void;
  /** Where another request would go on, as its `before`; 0: there is nothing more. */
  getPosition(): number | undefined;
}

/** Reads of a page are made at once: a few round trips for fifty runs, and what they hold stays small. */
const pageEntries = 64;

export function createLane({ events, cluster, mayMatch, matches, since, ...options }: LaneOptions): Lane {
  const found: FoundSummary[] = [];
  /** What was seen of runs whose first event has not been, newest first. */
  const stories = new Map<string, ToldEvent[]>();
  let before = options.before;

  async function readPage(budget: Budget): Promise<void> {
    const page = await events.page(cluster, { before, count: pageEntries });
    budget.entries -= pageEntries;
    budget.bytes -= page.bytes;
    const candidates: { entry: HistoryEntry; request: ToldEvent }[] = [];
    before = page.next ?? 0;
    for (const entry of page.entries) {
      const event = readEvent(entry, entry.address);
      if (!event.ok) continue;
      if (!isRequest(event.value)) {
        stories.set(entry.address.runId, [...(stories.get(entry.address.runId) ?? []), event.value]);
        continue;
      }
      if (since !== undefined && Date.parse(event.value.time) < since.getTime()) {
        before = 0;
        break;
      }
      if (mayMatch(event.value)) candidates.push({ entry, request: event.value });
      else stories.delete(entry.address.runId);
    }
    const runs = await Promise.all(candidates.map(({ entry, request }) => complete(entry, { request, budget })));
    found.push(...runs.filter(({ run }) => matches(run)));
  }

  async function complete(
    { address, sequence }: HistoryEntry,
    { request, budget }: { request: ToldEvent; budget: Budget },
  ): Promise<FoundSummary> {
    const story = [request, ...(stories.get(address.runId) ?? []).toReversed()];
    stories.delete(address.runId);
    const seen = story.at(-1) ?? request;
    const last = isTerminal(seen.data.phase) ? seen : ((await readLast(address, budget)) ?? request);
    const run = summarize(request, last);
    // Pages are read from the newest event to the oldest: who has seen the last one has seen all of them.
    return last.id === seen.id ? { run, sequence, phases: listPhases(story) } : { run, sequence };
  }

  async function readLast(address: HistoryEntry["address"], budget: Budget): Promise<ToldEvent | undefined> {
    const last = await events.last(address);
    budget.entries--;
    budget.bytes -= last?.bytes ?? 0;
    const event = last && readEvent(last, address);
    return event?.ok === true ? event.value : undefined;
  }

  return {
    cluster,
    async peek(budget) {
      while (found.length === 0 && before !== 0 && budget.entries > 0 && budget.bytes > 0) await readPage(budget);
      return found[0];
    },
    shift() {
      found.shift();
    },
    // The one that was found and not taken is the first of the next request.
    getPosition: () => (found[0] === undefined ? before : found[0].sequence + 1),
  };
}
