/** Names that travel in URLs, subjects and Kubernetes objects, each with the pattern that makes it safe there. */
import * as v from "valibot";
import { atMostCharacters } from "./length.ts";
import { limits } from "./limits.ts";

/** The orchestrator's id of a resource (driver API: `GUResID`). Safe as a subject token and as part of a key. */
export const GUResID = v.pipe(
  v.string(),
  atMostCharacters(limits.guresidLength),
  v.regex(
    /^[a-z0-9][a-z0-9-]+[a-z0-9]$/,
    "must be three or more of a-z, 0-9 and hyphens, with no hyphen at either end",
  ),
);

/** A resource's type, with an optional `org/` before it (driver API). Two characters do: `s3` is the most used of all. */
export const ResourceType = v.pipe(
  v.string(),
  atMostCharacters(limits.guresidLength),
  v.regex(
    /^([a-z0-9][a-z0-9-]*[a-z0-9]\/)?[a-z0-9][a-z0-9-]*[a-z0-9]$/,
    "must be two or more of a-z, 0-9 and hyphens, with no hyphen at either end, such as postgres or org/postgres",
  ),
);

/** A run's id: a ULID in lower case, so that it sorts by time and names Kubernetes objects. */
export const RunId = v.pipe(v.string(), v.regex(/^[0-7][0-9a-hjkmnp-tv-z]{25}$/, "must be a run id"));

/** A cluster's name as we use it: one subject token. */
export const ClusterName = v.pipe(
  v.string(),
  v.regex(
    /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
    "must be 1 to 63 of a-z, 0-9 and hyphens, with no hyphen at either end",
  ),
);

/** A driver's name in the catalog: one path segment, one subject token. */
export const DriverName = ClusterName;

/** A replica of an agent: one subject token, unlike any other replica's of its cluster. */
export const AgentAddress = v.object({
  cluster: ClusterName,
  agent: v.pipe(v.string(), v.regex(/^[a-z0-9-]{1,64}$/, "must be 1 to 64 of a-z, 0-9 and hyphens")),
});
export type AgentAddress = v.InferOutput<typeof AgentAddress>;

/** Where a run is: what its subjects are made of. */
export const RunAddress = v.object({ cluster: ClusterName, runId: RunId });
export type RunAddress = v.InferOutput<typeof RunAddress>;
