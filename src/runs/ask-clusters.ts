/** Asking several clusters for the same, where one that can't be reached must not hide what the others have. */
import { BusUnavailable } from "../bus/port.ts";

export interface Asked<T> {
  readonly answers: readonly { readonly cluster: string; readonly answer: T }[];
  /** Clusters that gave none. */
  readonly unreachable: readonly string[];
}

/** All at once. Rejects with `BusUnavailable` when there are clusters and none of them could be reached. */
export async function askClusters<T>(
  clusters: readonly string[],
  ask: (cluster: string) => Promise<T>,
): Promise<Asked<T>> {
  const answers: { cluster: string; answer: T }[] = [];
  const failures: { cluster: string; failure: BusUnavailable }[] = [];
  await Promise.all(
    clusters.map(async (cluster) => {
      try {
        answers.push({ cluster, answer: await ask(cluster) });
      } catch (failure) {
        if (!(failure instanceof BusUnavailable)) throw failure;
        failures.push({ cluster, failure });
      }
    }),
  );
  if (answers.length === 0 && failures[0] !== undefined) throw failures[0].failure;
  const order = (one: { cluster: string }, other: { cluster: string }) =>
    clusters.indexOf(one.cluster) - clusters.indexOf(other.cluster);
  return { answers: answers.sort(order), unreachable: failures.sort(order).map(({ cluster }) => cluster) };
}
