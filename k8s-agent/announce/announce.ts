/** Says, again and again, that this replica is there: requests for a cluster without one are queued, and told so. */
import { pause } from "../../src/bus/pause.ts";
import type { AgentDirectory } from "../../src/bus/port.ts";
import { announceMilliseconds, type AgentAnnouncement } from "../../src/contract/announcement.ts";
import { encodeMessage } from "../../src/contract/decode.ts";
import type { Logger } from "../../src/log.ts";

export interface AnnounceOptions {
  readonly agents: AgentDirectory;
  readonly about: Omit<AgentAnnouncement, "v" | "time">;
  readonly logger: Logger;
  readonly now: () => Date;
  readonly signal: AbortSignal;
}

/** Resolves when the signal aborts. An announcement that fails is not the end: the next one is soon. */
export async function announceAgent({ agents, about, logger, now, signal }: AnnounceOptions): Promise<void> {
  while (!signal.aborted) {
    const announcement: AgentAnnouncement = { v: 1, ...about, time: now().toISOString() };
    try {
      await agents.announce(about, encodeMessage(announcement));
    } catch (error) {
      logger.warn({ err: error }, "Could not announce this agent");
    }
    await pause(announceMilliseconds, signal);
  }
}
