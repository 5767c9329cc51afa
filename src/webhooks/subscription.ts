/** Who is told of which events. */
import * as v from "valibot";
import { eventTypes, type RunEvent } from "../contract/events.ts";
import { ClusterName, DriverName } from "../contract/names.ts";
import { knownKeys, mapOf } from "../contract/objects.ts";
import { WebhookSecret } from "./sign.ts";

const types = Object.values(eventTypes);

/** What a filter leaves out, it doesn't look at. */
const Filter = {
  types: v.optional(v.array(v.picklist(types, `must be one of ${types.join(", ")}`))),
  clusters: v.optional(v.array(ClusterName)),
  drivers: v.optional(v.array(DriverName)),
};

export const Subscription = v.pipe(
  knownKeys({
    url: v.pipe(
      v.string(),
      v.check((text) => URL.canParse(text), "must be a URL"),
      v.check(isUsable, "must be http or https, without a login"),
    ),
    /** The one in use, and others that receivers may still have. */
    secrets: v.pipe(v.array(WebhookSecret), v.minLength(1, "must hold a secret"), v.maxLength(5, "must be 5 at most")),
    ...Filter,
    /** The target may be within our own network: a private or loopback address, and http. */
    private: v.optional(v.boolean()),
  }),
  v.check(
    ({ url, private: isPrivate }) => isPrivate === true || readUrl(url)?.protocol === "https:",
    "must have an https url",
  ),
);
export type Subscription = v.InferOutput<typeof Subscription>;

/** By name: one token in the key of its state. */
export const Subscriptions = mapOf(ClusterName, Subscription);
export type Subscriptions = v.InferOutput<typeof Subscriptions>;

function isUsable(text: string): boolean {
  const url = readUrl(text);
  // Whatever is no URL at all was said so before.
  if (url === undefined) return true;
  return ["http:", "https:"].includes(url.protocol) && url.username === "" && url.password === "";
}

function readUrl(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}

/** Whether a subscription is about an event. */
export function isWanted(
  { types: wanted, clusters, drivers }: Pick<Subscription, "types" | "clusters" | "drivers">,
  { type, data }: Pick<RunEvent, "type"> & { data: Pick<RunEvent["data"], "cluster" | "driver"> },
): boolean {
  return (
    (wanted === undefined || wanted.some((one) => one === type)) &&
    (clusters?.includes(data.cluster) ?? true) &&
    (drivers?.includes(data.driver) ?? true)
  );
}
