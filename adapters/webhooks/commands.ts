/** What operators do with parked events: look at them, and have them delivered again. */
import { stringifyJson } from "../../src/contract/json.ts";
import { createOutboxStore, RecordUnreadable, type OutboxStore } from "../../src/webhooks/outbox-store.ts";
import { replayParked } from "../../src/webhooks/replay.ts";
import { createFrontDoorBus } from "../node/front-door.ts";
import { createLogger } from "../node/logger.ts";
import type { WebhooksConfig } from "./config.ts";

export const usage = `Usage:
  npm run webhooks                                 delivers, until it is stopped
  npm run webhooks -- parked <subscription>        shows what was given up, a JSON line each
  npm run webhooks -- replay <subscription> [run]  delivers it again: all of it, or one run's

It is configured by variables: WEBHOOKS, NATS_URL and others; see docs/webhooks.md.`;

/** Answers with the exit code. */
export async function runCommand(args: readonly string[], config: WebhooksConfig): Promise<number> {
  const [command = "", subscription = "", runId] = args;
  const known = Object.hasOwn(config.WEBHOOKS, subscription);
  if (!["parked", "replay"].includes(command) || !known) {
    console.error(known || subscription === "" ? usage : `There is no subscription ${subscription}\n\n${usage}`);
    return 2;
  }
  const bus = createFrontDoorBus(config, createLogger("error"), { name: "webhooks", bucket: "webhooks" });
  let code = 0;
  try {
    for (const cluster of Object.keys(config.CLUSTERS)) {
      const store = createOutboxStore(bus.records, { subscription, cluster });
      try {
        if (command === "parked") await showParked(store, cluster);
        else console.log(`${cluster}: ${await replayParked(store, runId)} to be delivered again`);
      } catch (error) {
        if (!(error instanceof RecordUnreadable)) throw error;
        console.error(`${cluster}: ${error.message}`);
        code = 1;
      }
    }
    return code;
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    return 1;
  } finally {
    await bus.close();
  }
}

async function showParked(store: OutboxStore, cluster: string): Promise<void> {
  for (const parked of await store.listParked()) console.log(stringifyJson({ cluster, ...parked }));
}
