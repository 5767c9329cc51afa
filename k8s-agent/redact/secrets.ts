/** What must never leave the agent: the secret values of a run's inputs. */
import type { ContainerInputs } from "../../src/contract/container/inputs.ts";
import { describePath } from "../../src/contract/decode.ts";
import { listInnerValues } from "./inner-values.ts";
import { isJsonObject, isRawNumber, type JsonValue } from "../../src/contract/json.ts";

/** Shorter values would mask half of every log, and be guessed from what is left. */
export const shortestSecret = 6;

/** Warnings are events: thousands of short values are named by the first few. */
const mostWarnings = 10;

export interface CollectedSecrets {
  /** Every value to mask, once each. */
  readonly values: string[];
  /** A sentence for each value that is too short to be masked: its path, never the value. */
  readonly warnings: string[];
}

/**
 * Collects every string, and every number of six digits or more, at any depth of `inputs.secrets`, and of documents that are
 * strings there. White space around a value doesn't count. What is shorter is not masked but warned of.
 */
export function collectSecrets(inputs: Pick<ContainerInputs, "secrets">): CollectedSecrets {
  const values = new Set<string>();
  const short: string[] = [];
  for (const { path, text, size, inner } of listLeaves(inputs.secrets as JsonValue)) {
    if (size >= shortestSecret) values.add(text);
    else if (size > 0 && !inner) short.push(describePath(path.map((key) => ({ key }))));
  }
  return { values: [...values], warnings: warn(short) };
}

interface Leaf {
  readonly path: readonly (string | number)[];
  readonly text: string;
  /** Characters of a string, digits of a number. */
  readonly size: number;
  /** Found inside of another one, which nobody has called a secret by itself. */
  readonly inner: boolean;
}

/** With a stack of its own: the depth of what comes in is the caller's choice. */
function* listLeaves(secrets: JsonValue): Iterable<Leaf> {
  const pending: { path: (string | number)[]; value: JsonValue | undefined; inner: boolean }[] = [
    { path: ["driver", "secrets"], value: secrets, inner: false },
  ];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { path, value, inner } = next;
    if (typeof value === "string") {
      yield { path, text: value, size: value.trim().length, inner };
      for (const within of listInnerValues(value)) pending.push({ path, value: within, inner: true });
    } else if (typeof value === "number" || isRawNumber(value)) {
      const text = String(isRawNumber(value) ? value.rawJSON : value);
      yield { path, text, size: text.replace(/\D/g, "").length, inner };
    } else {
      const members = Array.isArray(value) ? [...value.entries()] : isJsonObject(value) ? Object.entries(value) : [];
      for (const [key, member] of members.toReversed()) pending.push({ path: [...path, key], value: member, inner });
    }
  }
}

function warn(paths: string[]): string[] {
  const warnings = paths
    .slice(0, mostWarnings)
    .map((path) => `Cannot mask ${path} in logs and errors: it is shorter than ${shortestSecret} characters`);
  const more = paths.length - mostWarnings;
  if (more > 0) warnings.push(`Cannot mask ${more} more secrets: they are shorter than ${shortestSecret} characters`);
  return warnings;
}
