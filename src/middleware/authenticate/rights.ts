/** What a caller may do, and with which runs. What is left out is not limited. */
import * as v from "valibot";
import { ClusterName, DriverName } from "../../contract/names.ts";

/** `drive`: the driver API; `read`: runs, events, logs, clusters; `cancel`: stopping runs. */
export const rightNames = ["drive", "read", "cancel"] as const;
export type Right = (typeof rightNames)[number];

/** As they are configured beside a kind of tokens. An empty list would be a token for nothing: a mistake. */
export const rightsEntries = {
  may: v.optional(v.pipe(v.array(v.picklist(rightNames)), v.minLength(1, "must hold a right"))),
  clusters: v.optional(v.pipe(v.array(ClusterName), v.minLength(1, "must hold a cluster"))),
  drivers: v.optional(v.pipe(v.array(DriverName), v.minLength(1, "must hold a driver"))),
};

export interface Rights {
  readonly may?: readonly Right[] | undefined;
  readonly clusters?: readonly string[] | undefined;
  readonly drivers?: readonly string[] | undefined;
}

export const allRights: Rights = {};
/** Of somebody whom nobody has asked who it is. */
export const noRights: Rights = { may: [], clusters: [], drivers: [] };

export function hasRight({ may }: Rights, right: Right): boolean {
  return may === undefined || may.includes(right);
}

export function coversCluster({ clusters }: Rights, cluster: string): boolean {
  return clusters === undefined || clusters.includes(cluster);
}

export function coversDriver({ drivers }: Rights, driver: string): boolean {
  return drivers === undefined || drivers.includes(driver);
}

/** The part of a configuration that says rights. */
export function pickRights({ may, clusters, drivers }: Rights): Rights {
  return { may, clusters, drivers };
}
