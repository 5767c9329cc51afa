/** Where the events of clusters end just now: what comes behind is new. */
import type { History } from "../bus/port.ts";
import type { Positions } from "./positions.ts";
import type { Viewer } from "./viewer.ts";

/** Of each of a viewer's clusters the sequence of its newest event; 0 where there is none. */
export async function findEnds(
  events: Pick<History, "page">,
  { clusters }: Pick<Viewer, "clusters">,
): Promise<Positions> {
  const findEnd = async (cluster: string) => (await events.page(cluster, { count: 1 })).entries[0]?.sequence ?? 0;
  return new Map(await Promise.all(clusters.map(async (name) => [name, await findEnd(name)] as const)));
}
