import type { NatsConnection } from "@nats-io/nats-core";

const patienceMilliseconds = 2000;

/** Resolves when the broker has answered; rejects where there is no connection, or no answer within two seconds. */
export async function pingNats(connection: NatsConnection): Promise<void> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const giveUp = () => reject(new Error(`Cannot reach the broker: no answer within ${patienceMilliseconds} ms`));
  const timer = setTimeout(giveUp, patienceMilliseconds);
  try {
    await Promise.race([connection.rtt(), late]);
  } finally {
    clearTimeout(timer);
  }
}
