/**
 * A bus that is opened when it is needed: a server starts, and says 503, while its broker is away; a Durable Object pays for its
 * socket only while it is used.
 */
import { createBusHolder, type BusHolderOptions } from "./bus-holder.ts";
import type { Bus, Entry, Journal } from "./port.ts";

export function createLazyBus(options: BusHolderOptions): Bus {
  const { call, iterate, close } = createBusHolder(options);

  const wrapJournal = (pick: (bus: Bus) => Journal): Journal => ({
    append: (address, data, options) => call((bus) => pick(bus).append(address, data, options)),
    last: (address) => call((bus) => pick(bus).last(address)),
    read: (address) => call((bus) => pick(bus).read(address)),
    follow: (address, options) => resume((bus, from) => pick(bus).follow(address, from), options),
  });

  /** Goes on with another bus where the last one stopped. */
  function resume<E extends Entry>(
    follow: (bus: Bus, options: { after: number; signal: AbortSignal }) => AsyncIterable<E>,
    { after, signal }: { after: number; signal: AbortSignal },
  ): AsyncIterable<E> {
    let seen = after;
    async function* goOn(bus: Bus) {
      for await (const entry of follow(bus, { after: seen, signal })) {
        seen = entry.sequence;
        yield entry;
      }
    }
    return iterate(goOn, signal);
  }

  return {
    records: {
      get: (key) => call((bus) => bus.records.get(key)),
      set: (key, value, expected) => call((bus) => bus.records.set(key, value, expected)),
      remove: (key, expected) => call((bus) => bus.records.remove(key, expected)),
    },
    requests: {
      place: (address, data) => call((bus) => bus.requests.place(address, data)),
      take: (cluster, options) => iterate((bus) => bus.requests.take(cluster, options), options.signal),
    },
    events: {
      ...wrapJournal((bus) => bus.events),
      page: (cluster, options) => call((bus) => bus.events.page(cluster, options)),
      locate: (cluster, time) => call((bus) => bus.events.locate(cluster, time)),
      followAll: (cluster, options) => resume((bus, from) => bus.events.followAll(cluster, from), options),
    },
    logs: wrapJournal((bus) => bus.logs),
    controls: wrapJournal((bus) => bus.controls),
    agents: {
      announce: (address, data) => call((bus) => bus.agents.announce(address, data)),
      list: (cluster) => call((bus) => bus.agents.list(cluster)),
    },
    close,
  };
}
