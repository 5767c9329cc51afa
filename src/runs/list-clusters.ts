/** The clusters that there are, and the agents that have announced themselves there. */
import type { AgentDirectory } from "../bus/port.ts";
import { AgentAnnouncement } from "../contract/announcement.ts";
import { decodeMessage } from "../contract/decode.ts";
import type { ClusterList, SeenAgent } from "../contract/runs-api/cluster-list.ts";
import { askClusters } from "./ask-clusters.ts";
import type { Viewer } from "./viewer.ts";

/** Rejects with `BusUnavailable` when no cluster can be reached. */
export async function listClusters(
  agents: Pick<AgentDirectory, "list">,
  { clusters }: Pick<Viewer, "clusters">,
): Promise<ClusterList> {
  const { answers, unreachable } = await askClusters(clusters, (cluster) => agents.list(cluster));
  return {
    clusters: answers.map(({ cluster, answer }) => ({
      name: cluster,
      agents: answer.flatMap((data) => readAgent(cluster, data)),
      waiting: answer.length === 0,
    })),
    ...(unreachable.length === 0 ? {} : { unreachable: [...unreachable] }),
  };
}

/** None where it can't be read: one that is newer than we are may say it in other words. */
function readAgent(expected: string, data: Uint8Array): SeenAgent[] {
  const announcement = decodeMessage(AgentAnnouncement, data);
  if (!announcement.ok || announcement.value.cluster !== expected) return [];
  const { agent, version, launcher, capacity, time } = announcement.value;
  return [{ name: agent, version, launcher, capacity, lastSeen: time }];
}
