/**
 * A run on its way to the agent. It is in two parts, so that a destroy months later can be ordered anew without the front
 * door ever being able to read the inputs again:
 *
 * - `inputs`: sealed to the cluster once, when a create is accepted, and kept beside the resource's record;
 * - `order`: signed and sealed for each run, naming the digest of the sealed inputs that it goes with.
 */
import * as v from "valibot";
import { DriverName, GUResID, ResourceType, RunAddress } from "./names.ts";
import type { ContainerInputs } from "./container/inputs.ts";
import { Timestamp } from "./timestamp.ts";

/** `create` or `destroy`: the container's own words. An update is another `create`. */
export const Action = v.picklist(["create", "destroy"]);
export type Action = v.InferOutput<typeof Action>;

/** What the front door orders: signed by it, sealed to the cluster. */
export const RunOrder = v.object({
  v: v.literal(1),
  ...RunAddress.entries,
  driver: DriverName,
  guresid: GUResID,
  type: ResourceType,
  action: Action,
  /** Base64url of the key that results are sealed with; see src/sealing. */
  runKey: v.string(),
  /** Id of the front door's secret that `runKey` comes from: the result names it, so that secrets can be rotated. */
  runKeyId: v.string(),
  /** Base64url of SHA-256 over the sealed inputs' text: binds them to this order. */
  inputsDigest: v.string(),
  requestedAt: Timestamp,
  /** Only run when the source's branch has left this commit (`source.refresh`). */
  unlessCommit: v.optional(v.string()),
  /** W3C trace context of what placed this run: the run goes on with it. */
  traceparent: v.optional(v.string()),
  tracestate: v.optional(v.string()),
});
export type RunOrder = v.InferOutput<typeof RunOrder>;

/** The message on `cd.v1.requests.<cluster>.<runId>`. Both parts are compact JWEs. */
export const RunRequest = v.object({ v: v.literal(1), order: v.string(), inputs: v.string() });
export type RunRequest = v.InferOutput<typeof RunRequest>;

/** An order and its inputs, opened: what the agent carries out. */
export interface Run {
  readonly order: RunOrder;
  readonly inputs: ContainerInputs;
}

/** Identity of a resource, and the key of its record. */
export const ResourceAddress = v.object({ driver: DriverName, guresid: GUResID });
export type ResourceAddress = v.InferOutput<typeof ResourceAddress>;
