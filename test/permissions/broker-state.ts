/** Everything that a broker's hub holds, to be compared before and after. */
import { jetstreamManager, type JetStreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/nats-core";

/** By stream: how it is configured, what is in it, and who consumes it; as text. */
export type BrokerState = ReadonlyMap<string, { readonly structure: string; readonly contents: string }>;

export async function openStateReader(hub: NatsConnection): Promise<() => Promise<BrokerState>> {
  const manager = await jetstreamManager(hub);
  return () => readState(manager);
}

async function readState({ streams, consumers }: JetStreamManager): Promise<BrokerState> {
  const state = new Map<string, { structure: string; contents: string }>();
  for await (const { config, state: contents } of streams.list()) {
    const found = [];
    // The time at which it was asked is always another.
    for await (const { ts: _, ...info } of consumers.list(config.name)) found.push(info);
    state.set(config.name, {
      structure: JSON.stringify([config, found.map((info) => info.config)]),
      contents: JSON.stringify([contents, found]),
    });
  }
  return state;
}

/** What is different, a line each. `own` are streams whose contents may change. */
export function compareStates(before: BrokerState, after: BrokerState, own: ReadonlySet<string>): string[] {
  const names = new Set([...before.keys(), ...after.keys()]);
  return [...names].flatMap((name) => {
    const [then, now] = [before.get(name), after.get(name)];
    if (then === undefined) return [`the stream ${name} was made`];
    if (now === undefined) return [`the stream ${name} was removed`];
    if (then.structure !== now.structure)
      return [`${name} is configured otherwise: ${then.structure} -> ${now.structure}`];
    if (then.contents !== now.contents && !own.has(name))
      return [`${name} holds something else: ${then.contents} -> ${now.contents}`];
    return [];
  });
}
