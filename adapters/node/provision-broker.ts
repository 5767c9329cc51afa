/** A convenience for development: makes what the broker lacks. In production `npm run provision` and `cluster:add` do. */
import { describeProvisioned, provision, provisionCluster } from "../../src/bus/nats/provision.ts";
import type { Logger } from "../../src/log.ts";
import { findBrokerCredentials } from "./local-variables.ts";
import { connectNats } from "./nats-connection.ts";

export interface ProvisionBrokerOptions {
  readonly url: string;
  /** Left out: those of the broker on this machine, if it has any. */
  readonly credentialsFile?: string | undefined;
  readonly clusters: readonly string[];
  readonly localDirectory: string;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/**
 * Waits for the broker, then makes the streams and consumers that are missing. Where that isn't allowed, or goes wrong, the
 * log says so and everything else goes on: they may be there already.
 */
export async function provisionBroker(options: ProvisionBrokerOptions): Promise<void> {
  const { url, clusters, localDirectory, logger, signal } = options;
  const credentialsFile =
    options.credentialsFile ?? (await findBrokerCredentials(localDirectory, { user: "provision", url }));
  const connection = await connectNats({ url, credentialsFile, name: "provision", logger, signal });
  try {
    const results = await provision(connection);
    for (const cluster of clusters) results.push(...(await provisionCluster(connection, cluster)));
    for (const result of results)
      if (result.kind !== "unchanged") logger.info({}, `Provisioned the broker: ${describeProvisioned(result)}`);
  } catch (error) {
    logger.warn({ err: error }, "Could not provision the broker");
  } finally {
    await connection.close();
  }
}
