import { expect, test } from "vitest";
import { createMemoryBus } from "../bus/memory/memory-bus.ts";
import { encodeMessage } from "../contract/decode.ts";
import { buildRunEvent } from "../contract/events.ts";
import { createConsoleLogger } from "../log.ts";
import { createOutboxStore } from "./outbox-store.ts";
import { startWebhooks } from "./webhooks.ts";

const runId = "01jd0v8e3k7xw2m4n6p8q0r1s2";

test("an outbox that can't be read ends no other: what happens in another cluster is told", async ({
  onTestFinished,
}) => {
  const bus = createMemoryBus();
  await bus.records.set("team.damaged", encodeMessage({}), 0);
  const told: string[] = [];
  const webhooks = startWebhooks({
    subscriptions: { team: { url: "https://example.com/", secrets: [`whsec_${btoa("x".repeat(32))}`] } },
    clusters: ["damaged", "sound"],
    bus,
    post: async (_, { headers }) => {
      told.push(headers["webhook-id"] ?? "");
      return { kind: "answered", status: 200 };
    },
    holder: "us",
    logger: createConsoleLogger({ write: () => undefined, now: () => new Date(), level: "silent" }),
    now: () => new Date(),
    random: () => 0.5,
  });
  onTestFinished(() => webhooks.stop());
  const sound = createOutboxStore(bus.records, { subscription: "team", cluster: "sound" });
  await Promise.race([webhooks.failed, expect.poll(async () => (await sound.load()).value?.holder).toBe("us")]);

  const data = { runId, cluster: "sound", driver: "container", guresid: "a-db", type: "postgres" } as const;
  const happened = { ...data, action: "create", phase: "requested" } as const;
  const event = buildRunEvent("requested", happened, { id: "one", source: "/x", time: new Date() });
  await bus.events.append({ cluster: "sound", runId }, encodeMessage(event), { id: "one", after: 0 });
  await Promise.race([webhooks.failed, expect.poll(() => told).toEqual([`${runId}_1`])]);
});
