/** The two streams of a run, decoded: its events and its log. */
import { check } from "../../../src/contract/decode.ts";
import { parseJson } from "../../../src/contract/json.ts";
import { limits } from "../../../src/contract/limits.ts";
import type { Result } from "../../../src/contract/result.ts";
import { LogLine } from "../../../src/contract/runs-api/log-line.ts";
import { SeenEvent } from "../../../src/contract/runs-api/seen-event.ts";
import { StreamEnd } from "../../../src/contract/runs-api/stream-end.ts";
import { Stop } from "../exit-codes.ts";
import type { Client } from "./client.ts";
import { followStream, type FollowOptions } from "./follow.ts";
import type { ServerEvent } from "../../../src/runs/stream/server-events.ts";

export type StreamOptions = Omit<FollowOptions, "path">;

export type EventItem = { readonly kind: "event"; readonly event: SeenEvent } | EndItem;
export type LogItem = { readonly kind: "log"; readonly line: LogLine } | EndItem;
/** The run has ended, and that was all of it. */
type EndItem = { readonly kind: "end"; readonly end: StreamEnd };

export async function* followEvents(client: Client, path: string, options: StreamOptions): AsyncGenerator<EventItem> {
  for await (const item of followStream(client, { ...options, path })) {
    if (item.event === "end") yield { kind: "end", end: demand(decode(item, (value) => check(StreamEnd, value))) };
    else yield { kind: "event", event: demand(decode(item, (value) => check(SeenEvent, value))) };
  }
}

export async function* followLog(client: Client, runId: string, options: StreamOptions): AsyncGenerator<LogItem> {
  let next = 0;
  for await (const item of followStream(client, { ...options, path: `/runs/${runId}/logs` })) {
    if (item.event === "end") yield { kind: "end", end: demand(decode(item, (value) => check(StreamEnd, value))) };
    else {
      const line = demand(decode(item, (value) => check(LogLine, value)));
      // The cursor says where to go on; a chunk that comes again all the same is not shown twice.
      if (line.index < next) continue;
      next = line.index + 1;
      yield { kind: "log", line };
    }
  }
}

function decode<T>({ data }: ServerEvent, read: (value: unknown) => Result<T>): Result<T> {
  const parsed = parseJson(data, limits.jsonDepth + limits.envelopeDepth);
  return parsed.ok ? read(parsed.value) : parsed;
}

function demand<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  throw new Stop("failed", `Cannot read the server's stream: ${result.problem}`);
}
