/** What an agent says of itself, every now and then, on `cd.v1.agents.<cluster>.<agent>`. */
import * as v from "valibot";
import { AgentAddress } from "./names.ts";

export const AgentAnnouncement = v.object({
  v: v.literal(1),
  ...AgentAddress.entries,
  /** The product's version. */
  version: v.string(),
  launcher: v.string(),
  /** Runs at once in this replica. */
  capacity: v.number(),
  time: v.string(),
});
export type AgentAnnouncement = v.InferOutput<typeof AgentAnnouncement>;

/** An agent announces itself again after this long: a broker keeps an announcement three times as long. */
export const announceMilliseconds = 20_000;
