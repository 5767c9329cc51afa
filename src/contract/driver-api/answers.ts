/** What the front door answers (driver API: `OutputData`, `AsyncProgressHint`, `Error`). */
import * as v from "valibot";
import { errorCodes, type ErrorCode } from "../errors.ts";
import { GUResID, ResourceType } from "../names.ts";
import { AnyObject } from "../objects.ts";
import { Manifests, type Outputs } from "../outputs.ts";

/** 200: the resource as it is. */
export const OutputData = v.object({
  id: GUResID,
  type: ResourceType,
  resource: v.object({ values: AnyObject, secrets: AnyObject }),
  manifests: Manifests,
});
export type OutputData = v.InferOutput<typeof OutputData>;

export function buildOutputData(id: string, type: string, { values, secrets, manifests }: Outputs): OutputData {
  return { id, type, resource: { values, secrets }, manifests };
}

/** 202 and 409: what is under way. Times are ISO 8601. */
export const AsyncProgressHint = v.object({
  status: v.optional(v.picklist(["creating", "updating", "deleting"])),
  current_time: v.optional(v.string()),
  /** When the run is stopped at the latest. */
  timeout: v.optional(v.string()),
  estimated_completion_time: v.optional(v.string()),
  /** Ours, beside what the specification has: why nothing happens yet. */
  message: v.optional(v.string()),
});
export type AsyncProgressHint = v.InferOutput<typeof AsyncProgressHint>;

/** Everything else. */
export const DriverError = v.object({
  error: v.picklist(Object.keys(errorCodes) as [ErrorCode, ...ErrorCode[]]),
  message: v.string(),
});
export type DriverError = v.InferOutput<typeof DriverError>;
