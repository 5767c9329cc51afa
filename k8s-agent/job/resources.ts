/** What containers ask for and may use at most. Each of ours says so; a template's may say otherwise, but never nothing. */
import type { Container } from "./plain.ts";
import { measureQuantity } from "./quantity.ts";

type Requirements = NonNullable<Container["resources"]>;

type Amounts = Readonly<Record<string, string>>;
export interface Resources {
  readonly requests: Amounts;
  readonly limits: Amounts;
}

/** For main, and for a template's own containers. A tool such as Terraform loads hundreds of megabytes of providers. */
export const defaultResources: Resources = {
  requests: { cpu: "100m", memory: "256Mi", "ephemeral-storage": "256Mi" },
  limits: { cpu: "2", memory: "2Gi", "ephemeral-storage": "10Gi" },
};

/** Setup runs before main, so that what it asks for costs no more than main's own. Git unpacks up to a gigabyte. */
export const setupResources: Resources = {
  requests: { cpu: "100m", memory: "128Mi", "ephemeral-storage": "64Mi" },
  limits: { cpu: "2", memory: "1Gi", "ephemeral-storage": "2Gi" },
};

/** The collector sleeps until main has ended, then reads a megabyte. */
export const collectorResources: Resources = {
  requests: { cpu: "10m", memory: "64Mi", "ephemeral-storage": "16Mi" },
  limits: { cpu: "1", memory: "256Mi", "ephemeral-storage": "64Mi" },
};

/** Volumes' own limits. What main writes counts against its ephemeral storage, too. */
export const volumeSizes = {
  shared: "8Gi",
  exchange: "256Mi",
  scratch: "64Mi",
  /** Of a template's `emptyDir` that says none. */
  template: "1Gi",
} as const;

/**
 * Fills in what a container of a template leaves out. Where it says one of request and limit, the other moves along as far
 * as it has to: the API refuses a request above its limit.
 */
export function completeResources(given: Requirements = {}): Requirements {
  const { requests: asked = {}, limits: allowed = {} } = given;
  const requests = { ...defaultResources.requests, ...asked };
  const limits = { ...defaultResources.limits, ...allowed };
  for (const name of Object.keys(defaultResources.limits)) {
    if (!isAbove(requests[name], limits[name])) continue;
    if (asked[name] === undefined) requests[name] = limits[name] ?? "";
    else if (allowed[name] === undefined) limits[name] = requests[name] ?? "";
  }
  return { ...given, requests, limits };
}

function isAbove(request = "", limit = ""): boolean {
  return (measureQuantity(request) ?? 0) > (measureQuantity(limit) ?? Infinity);
}
