/** Announcements of agents: a stream that keeps each replica's last one, for as long as it counts. */
import { limits } from "../../contract/limits.ts";
import { buildStreamName } from "../../contract/streams.ts";
import { buildAgentSubject, buildWildcard } from "../../contract/subjects.ts";
import { checkAgent, checkCluster } from "../address.ts";
import { checkAnnouncement, isAnnouncement } from "../announcement.ts";
import type { AgentDirectory } from "../port.ts";
import { getBehind } from "./direct-get.ts";
import type { Link } from "./link.ts";
import { publish, toRefusal } from "./publish.ts";

export function createNatsAgents(link: Link): AgentDirectory {
  return {
    async announce(address, data) {
      const what = "announce an agent";
      const subject = buildAgentSubject(checkAgent(address));
      checkAnnouncement(what, data);
      const published = await publish(link, what, { subject, data });
      if (published.kind === "refused") throw toRefusal(what, published);
    },
    async list(cluster) {
      const what = "list agents";
      const range = {
        stream: buildStreamName("agents", checkCluster(cluster)),
        subject: buildWildcard("agents", cluster),
      };
      const found: Uint8Array[] = [];
      // The stream has the same bounds, but where it was made before there were any.
      for (let after = 0, count = 0; count < limits.announcements;) {
        const messages = await getBehind(link, what, { ...range, after });
        if (messages.length === 0) break;
        found.push(...messages.map(({ data }) => data).filter(isAnnouncement));
        after = messages.at(-1)?.sequence ?? after;
        count += messages.length;
      }
      return found.slice(0, limits.announcements);
    },
  };
}
