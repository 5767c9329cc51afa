/** Makes of the API server's JSON what the client library's types say: times are `Date`s, and what is null isn't there. */
import { isJsonObject, type JsonValue } from "../../../src/contract/json.ts";

/** Every field of Jobs, pods, Secrets and Events that is a time. */
const times = new Set([
  "creationTimestamp",
  "deletionTimestamp",
  "lastTransitionTime",
  "lastProbeTime",
  "startTime",
  "completionTime",
  "startedAt",
  "finishedAt",
  "firstTimestamp",
  "lastTimestamp",
  "eventTime",
  "lastObservedTime",
]);

/** Maps whose keys are anybody's words. */
const maps = new Set(["labels", "annotations", "data", "matchLabels", "nodeSelector"]);

export function reviveDates(value: JsonValue, key = ""): unknown {
  if (typeof value === "string" && times.has(key)) return toDate(value);
  if (Array.isArray(value)) return value.map((item) => reviveDates(item));
  if (!isJsonObject(value) || maps.has(key)) return value;
  const members = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(members.map(([name, member]) => [name, reviveDates(member, name)]));
}

/** What is no time is left out, as if it hadn't been said. */
function toDate(text: string): Date | undefined {
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? undefined : date;
}
