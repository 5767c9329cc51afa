/** Announcements of agents: a stream that keeps each replica's last one, for as long as it counts. */
import { buildStreamName } from "../../contract/streams.ts";
import { buildAgentSubject, buildWildcard } from "../../contract/subjects.ts";
import { checkAgent, checkCluster } from "../address.ts";
import type { AgentDirectory } from "../port.ts";
import { getBehind } from "./direct-get.ts";
import type { Link } from "./link.ts";
import { publish, toRefusal } from "./publish.ts";

export function createNatsAgents(link: Link): AgentDirectory {
  return {
    async announce(address, data) {
      const what = "announce an agent";
      const published = await publish(link, what, { subject: buildAgentSubject(checkAgent(address)), data });
      if (published.kind === "refused") throw toRefusal(what, published);
    },
    async list(cluster) {
      const what = "list agents";
      const range = {
        stream: buildStreamName("agents", checkCluster(cluster)),
        subject: buildWildcard("agents", cluster),
      };
      const found: Uint8Array[] = [];
      for (let after = 0; ;) {
        const messages = await getBehind(link, what, { ...range, after });
        if (messages.length === 0) return found;
        found.push(...messages.map(({ data }) => data));
        after = messages.at(-1)?.sequence ?? after;
      }
    },
  };
}
