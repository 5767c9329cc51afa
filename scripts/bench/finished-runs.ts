/** Runs that have been: their events, as front door and agent leave them. */
import { jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/nats-core";
import { ulid } from "ulid";
import { toSubject } from "../../src/bus/address.ts";
import { encodeMessage } from "../../src/contract/decode.ts";
import { buildRunEvent, type RunEventData } from "../../src/contract/events.ts";
import { buildStreamName } from "../../src/contract/streams.ts";
import { cluster } from "./keys.ts";

const story = ["requested", "accepted", "starting", "running", "collecting", "succeeded"] as const;

/** As long as that of a result with a few outputs. */
const sealed = "x".repeat(600);

/** So many messages are on their way before an acknowledgement is waited for: the broker drops what it can't keep up with. */
const window = 500;

/** Fills an empty cluster. Throws unless the broker has stored all of it. */
export async function publishFinishedRuns(connection: NatsConnection, runs: number): Promise<void> {
  const begin = Date.now() - runs * 1000;
  let published = 0;
  for (let run = 0; run < runs; run++) {
    const address = { cluster, runId: ulid(begin + run * 1000).toLowerCase() };
    for (const [step, kind] of story.entries()) {
      const data: RunEventData = {
        ...address,
        driver: "container",
        guresid: `finished-${run}`,
        type: "s3",
        action: "create",
        phase: kind,
        ...(kind === "accepted" ? { agent: "bench" } : {}),
        ...(kind === "succeeded"
          ? { outputs: { values: ["bucket", "region"], secrets: ["key"], manifests: 0 }, sealed }
          : {}),
      };
      const source = kind === "requested" ? "/front-door" : `/clusters/${cluster}/agents/bench`;
      const time = new Date(begin + run * 1000 + step);
      const event = encodeMessage(buildRunEvent(kind, data, { id: `${address.runId}.${kind}`, source, time }));
      const subject = toSubject("events", address);
      if (++published % window === 0) await connection.request(subject, event, { timeout: 30_000 });
      else connection.publish(subject, event);
    }
  }
  await connection.flush();
  const manager = await jetstreamManager(connection);
  const { state } = await manager.streams.info(buildStreamName("events", cluster));
  if (state.messages !== published)
    throw new Error(`Cannot fill a cluster: of ${published} events ${state.messages} are stored`);
}
