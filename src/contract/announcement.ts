/** What an agent says of itself, every now and then, on `cd.v1.agents.<cluster>.<agent>`. */
import * as v from "valibot";
import { Count } from "./count.ts";
import { ShortText } from "./length.ts";
import { AgentAddress } from "./names.ts";
import { Timestamp } from "./timestamp.ts";

export const AgentAnnouncement = v.object({
  v: v.literal(1),
  ...AgentAddress.entries,
  /** The product's version. */
  version: ShortText,
  launcher: ShortText,
  /** Runs at once in this replica. */
  capacity: Count,
  time: Timestamp,
});
export type AgentAnnouncement = v.InferOutput<typeof AgentAnnouncement>;

/** An agent announces itself again after this long: a broker keeps an announcement three times as long. */
export const announceMilliseconds = 20_000;
