import { limits } from "../../contract/limits.ts";
import { checkAgent } from "../address.ts";
import { checkAnnouncement } from "../announcement.ts";
import type { AgentDirectory } from "../port.ts";
import type { Gate } from "./gate.ts";
import type { Schedule } from "./timers.ts";

export interface MemoryAgentsOptions {
  /** How long an announcement counts. */
  readonly announcementMilliseconds: number;
  readonly schedule: Schedule;
}

/** Announcements, each until its time is over, a newer one of the same replica replaces it, or too many came after it. */
export function createMemoryAgents(
  { announcementMilliseconds, schedule }: MemoryAgentsOptions,
  gate: Gate,
): AgentDirectory {
  const clusters = new Map<string, Map<string, { data: Uint8Array; callOff: () => void }>>();

  function forget(cluster: string, agent: string): void {
    const agents = clusters.get(cluster);
    agents?.get(agent)?.callOff();
    agents?.delete(agent);
    if (agents?.size === 0) clusters.delete(cluster);
  }

  gate.closing.addEventListener("abort", () => {
    for (const agents of clusters.values()) for (const { callOff } of agents.values()) callOff();
  });

  return {
    async announce(address, data) {
      const { cluster, agent } = checkAgent(address);
      const what = "announce an agent";
      checkAnnouncement(what, data);
      const copy = gate.take(what, data);
      forget(cluster, agent);
      const agents = clusters.get(cluster) ?? new Map<string, { data: Uint8Array; callOff: () => void }>();
      clusters.set(cluster, agents);
      const callOff = schedule(announcementMilliseconds, () => forget(cluster, agent));
      agents.set(agent, { data: copy, callOff });
      const [oldest] = agents.keys();
      if (agents.size > limits.announcements && oldest !== undefined) forget(cluster, oldest);
    },
    async list(cluster) {
      gate.check("list agents");
      return [...(clusters.get(cluster)?.values() ?? [])].map(({ data }) => new Uint8Array(data));
    },
  };
}
