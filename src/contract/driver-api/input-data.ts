/** What the orchestrator sends with `PUT /drivers/<driver>/<guresid>` (driver API: `InputData`). */
import * as v from "valibot";
import { AnyObject, knownKeys } from "../objects.ts";
import { ResourceType } from "../names.ts";

// Writers in Go send null for an empty map.
const Map = v.optional(v.nullable(AnyObject));

export const InputData = knownKeys({
  type: ResourceType,
  resource: AnyObject,
  driver: v.optional(v.nullable(knownKeys({ values: Map, secrets: Map }))),
});
export type InputData = v.InferOutput<typeof InputData>;
