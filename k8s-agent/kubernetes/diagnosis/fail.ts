import type { WorkloadFailure } from "../../../src/contract/errors.ts";
import type { EndCause, Evidence } from "../../launch/launcher.ts";

/** Evidence as it is found: what isn't known is left out. */
export type Found = Readonly<Record<string, string | number | boolean | undefined>>;

export function fail(kind: WorkloadFailure, message: string, found: Found = {}): EndCause {
  return { kind, message, evidence: pickKnown(found) };
}

function pickKnown(found: Found): Evidence {
  const known: Record<string, string | number | boolean> = {};
  for (const [name, value] of Object.entries(found)) if (value !== undefined && value !== "") known[name] = value;
  return known;
}
