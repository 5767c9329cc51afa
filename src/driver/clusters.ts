/** Which clusters there are, as the driver needs to know them. */
import type { Result } from "../contract/result.ts";
import type { ClusterPublicKey } from "../sealing/keys.ts";

/** A place where runs happen, and the key that its requests are sealed to. */
export interface Cluster {
  readonly name: string;
  readonly key: ClusterPublicKey;
}

export interface Clusters {
  /** The cluster for a name that a request gives, in the orchestrator's own words; undefined is the default one. */
  resolve(requested: string | undefined): Promise<Result<Cluster>>;
  /** Our names of all of them. */
  readonly names: readonly string[];
  /** The cluster with this name of ours; undefined when it is gone. */
  find(name: string): Promise<Cluster | undefined>;
}
