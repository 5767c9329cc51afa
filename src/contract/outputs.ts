/** What a container produced: plain values, secret values and manifests, each any JSON. */
import * as v from "valibot";
import { AnyObject } from "./objects.ts";
import type { JsonValue } from "./json.ts";

/** Where the orchestrator puts a manifest; live definitions also use the plurals. */
export const manifestLocations = [
  "container",
  "volume",
  "namespace",
  "cluster",
  "containers",
  "volumes",
  "namespaces",
  "clusters",
] as const;

const Payload = v.custom<JsonValue>((value) => value !== undefined, "is missing");
const Location = v.picklist(manifestLocations, `must be one of ${manifestLocations.join(", ")}`);

/** One manifest. The specification calls the payload `manifest`, code calls it `data`; both are taken, `data` is sent. */
export const Manifest = v.pipe(
  v.object({ location: Location, data: v.optional(Payload), manifest: v.optional(Payload) }),
  v.check(({ data, manifest }) => data !== undefined || manifest !== undefined, "must hold data"),
  v.transform(({ location, data, manifest }) => ({ location, data: data ?? manifest ?? null })),
  v.object({ location: Location, data: Payload }),
);
export type Manifest = v.InferOutput<typeof Manifest>;

export const Manifests = v.array(Manifest);

/** A run's outputs. */
export const Outputs = v.object({ values: AnyObject, secrets: AnyObject, manifests: Manifests });
export type Outputs = v.InferOutput<typeof Outputs>;

export const noOutputs: Outputs = { values: {}, secrets: {}, manifests: [] };
