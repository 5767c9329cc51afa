/**
 * A page of runs over all clusters, newest first. Nothing is kept for it: it costs about the same however many runs there
 * have been. It reads only so much, and then says where to go on, even if it has found little.
 */
import type { History, Journal } from "../../bus/port.ts";
import type { RunList } from "../../contract/runs-api/run-summary.ts";
import { askClusters } from "../ask-clusters.ts";
import { encodePositions, type Positions } from "../positions.ts";
import type { ToldEvent } from "../read-event.ts";
import { sees, type Viewer } from "../viewer.ts";
import { createLane, type Budget, type FoundSummary, type Lane } from "./lane.ts";

export interface RunFilter {
  readonly cluster?: string | undefined;
  readonly driver?: string | undefined;
  readonly guresid?: string | undefined;
  readonly status?: string | undefined;
  /** Requested at this time or later. */
  readonly since?: Date | undefined;
}

export interface ListRunsOptions {
  readonly events: History & Pick<Journal, "last">;
  readonly viewer: Viewer;
  readonly filter: RunFilter;
  readonly limit: number;
  /** Where a page before this one stopped. */
  readonly cursor?: Positions | undefined;
}

/** What one request may read over all clusters: about 500 runs that nobody looks for, and some that are large. */
const most: Readonly<Budget> = { entries: 4096, bytes: 16 * 1024 * 1024 };

/** A page of runs, with their phases. */
export interface FoundRuns extends Pick<RunList, "next" | "unreachable" | "behind"> {
  readonly found: readonly FoundSummary[];
}

/** Rejects with `BusUnavailable` when no cluster can be reached. */
export async function listRuns(options: ListRunsOptions): Promise<RunList> {
  const { found, ...rest } = await findRuns(options);
  return { runs: found.map(({ run }) => run), ...rest };
}

/** As `listRuns`, with what was seen on the way. */
export async function findRuns(options: ListRunsOptions): Promise<FoundRuns> {
  const { viewer, filter, limit, cursor } = options;
  const names = viewer.clusters.filter((name) => filter.cluster === undefined || name === filter.cluster);
  const lanes = names.map((cluster) =>
    createLane({
      ...options,
      cluster,
      before: cursor?.get(cluster),
      since: filter.since,
      mayMatch: (request) => sees(viewer, request.data) && mayMatch(filter, request),
      matches: ({ status }) => filter.status === undefined || status === filter.status,
    }),
  );
  // Each has a share of its own to find its first run: one that is full of what nobody looks for hides nothing of others.
  const shares: Budget[] = [];
  const { answers, unreachable } = await askClusters(names, async (name) => {
    const share = { entries: most.entries / names.length, bytes: most.bytes / names.length };
    shares.push(share);
    return lanes.find(({ cluster }) => cluster === name)?.peek(share);
  });
  const first = new Map(answers.map(({ cluster, answer }) => [cluster, answer]));
  const reached = lanes.filter(({ cluster }) => first.has(cluster));
  const ready = reached.filter(({ cluster }) => first.get(cluster) !== undefined);
  const behind = reached.filter((lane) => !ready.includes(lane) && lane.getPosition() !== 0);
  const found = await merge(ready, { limit, budget: addUp(shares) });
  const next = encodeNext(reached, { unreachable, cursor });
  return {
    found,
    ...(next === undefined ? {} : { next }),
    ...(unreachable.length === 0 ? {} : { unreachable: [...unreachable] }),
    ...(behind.length === 0 ? {} : { behind: behind.map((lane) => lane.cluster) }),
  };
}

/** What nobody has needed of his share. */
function addUp(shares: readonly Budget[]): Budget {
  const add = (pick: (share: Budget) => number) => shares.reduce((sum, share) => sum + pick(share), 0);
  return { entries: add(({ entries }) => entries), bytes: add(({ bytes }) => bytes) };
}

function mayMatch({ driver, guresid }: RunFilter, { data }: ToldEvent): boolean {
  return (driver === undefined || data.driver === driver) && (guresid === undefined || data.guresid === guresid);
}

/**
 * The newest of all lanes, one after the other, until there are enough, or a lane can't say what its next one is: that may
 * be newer than what others have.
 */
async function merge(
  lanes: readonly Lane[],
  { limit, budget }: { limit: number; budget: Budget },
): Promise<FoundSummary[]> {
  const runs: FoundSummary[] = [];
  while (runs.length < limit) {
    const heads: { lane: Lane; head: FoundSummary }[] = [];
    for (const lane of lanes) {
      const head = await lane.peek(budget);
      if (head !== undefined) heads.push({ lane, head });
      else if (lane.getPosition() !== 0) return runs;
    }
    const newest = heads.reduce<(typeof heads)[number] | undefined>(
      (best, each) => (best === undefined || each.head.run.requestedAt > best.head.run.requestedAt ? each : best),
      undefined,
    );
    if (newest === undefined) return runs;
    runs.push(newest.head);
    newest.lane.shift();
  }
  return runs;
}

function encodeNext(
  lanes: readonly Lane[],
  { unreachable, cursor }: { unreachable: readonly string[]; cursor: Positions | undefined },
): string | undefined {
  if (lanes.every((lane) => lane.getPosition() === 0)) return undefined;
  const positions = new Map<string, number>();
  for (const lane of lanes) positions.set(lane.cluster, lane.getPosition() ?? 0);
  // One that can't be reached just now is where it was.
  for (const cluster of unreachable) {
    const position = cursor?.get(cluster);
    if (position !== undefined) positions.set(cluster, position);
  }
  return encodePositions(positions);
}
