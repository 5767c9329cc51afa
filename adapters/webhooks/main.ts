/** `npm run webhooks`: delivers run events by HTTP. Any number of replicas share the work. `npm run webhooks -- parked|replay …` */
import { resolve } from "node:path";
import { startWebhooks } from "../../src/webhooks/webhooks.ts";
import { createFrontDoorBus } from "../node/front-door.ts";
import { createLogger } from "../node/logger.ts";
import { serveMetrics } from "../node/metrics/serve-metrics.ts";
import { createPost } from "../node/post-webhook.ts";
import { runProgram, type Program } from "../node/run.ts";
import { runCommand, usage } from "./commands.ts";
import { readWebhooksConfig, type WebhooksConfig } from "./config.ts";
import { loadWebhooksMetrics } from "./metrics/load-webhooks-metrics.ts";

const args = process.argv.slice(2);
if (["--help", "-h"].includes(args[0] ?? "")) {
  console.log(usage);
  process.exit(0);
}
const config = await readWebhooksConfig(process.env, resolve(".local"));
if (config.ok && args.length > 0) process.exit(await runCommand(args, config.value));
await runProgram(config, start);

async function start({ WEBHOOKS: subscriptions, CLUSTERS, ...rest }: WebhooksConfig): Promise<Program> {
  const logger = createLogger(rest.LOG_LEVEL);
  const metrics = await loadWebhooksMetrics(rest, Object.keys(subscriptions));
  const metricsServed = await serveMetrics(metrics, { config: rest, logger });
  const bus = createFrontDoorBus(rest, logger, { metrics: metrics?.broker, name: "webhooks", bucket: "webhooks" });
  const holder = crypto.randomUUID();
  const clusters = Object.keys(CLUSTERS);
  const webhooks = startWebhooks({
    subscriptions,
    clusters,
    bus,
    post: createPost(),
    holder,
    logger,
    observer: metrics?.webhooks,
    now: () => new Date(),
    random: Math.random,
  });
  console.log(
    `Webhooks ${holder} are delivered for ${Object.keys(subscriptions).join(", ") || "nobody"}; Ctrl-C stops it`,
  );
  return {
    failed: webhooks.failed,
    async stop() {
      await webhooks.stop();
      await bus.close();
      await metricsServed.close();
    },
  };
}
