/** `GET /clusters`: where runs happen, and who is there. */
import * as v from "valibot";
import { ClusterName } from "../names.ts";

/** One replica of a cluster's agent, as it announced itself. */
export const SeenAgent = v.object({
  name: v.string(),
  /** The product's version. */
  version: v.string(),
  launcher: v.string(),
  /** Runs at once. */
  capacity: v.number(),
  /** When it last announced itself, ISO 8601: it does so every 20 seconds, and counts as gone after a minute. */
  lastSeen: v.string(),
});
export type SeenAgent = v.InferOutput<typeof SeenAgent>;

export const ClusterList = v.object({
  clusters: v.array(
    v.object({
      name: ClusterName,
      agents: v.array(SeenAgent),
      /** True: there is no agent, so that runs wait. */
      waiting: v.boolean(),
    }),
  ),
  /** Clusters that could not be asked just now; left out where there are none. */
  unreachable: v.optional(v.array(ClusterName)),
});
export type ClusterList = v.InferOutput<typeof ClusterList>;
