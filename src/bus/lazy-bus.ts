/**
 * A bus that is opened when it is needed: a server starts, and says 503, while its broker is away; a Durable Object pays for its
 * socket only while it is used.
 */
import { createBusHolder, type BusHolderOptions } from "./bus-holder.ts";
import type { Bus, Journal } from "./port.ts";

export function createLazyBus(options: BusHolderOptions): Bus {
  const { call, iterate, close } = createBusHolder(options);

  const wrapJournal = (pick: (bus: Bus) => Journal): Journal => ({
    append: (address, data, options) => call((bus) => pick(bus).append(address, data, options)),
    last: (address) => call((bus) => pick(bus).last(address)),
    follow(address, { after, signal }) {
      let seen = after;
      async function* goOn(bus: Bus) {
        for await (const entry of pick(bus).follow(address, { after: seen, signal })) {
          seen = entry.sequence;
          yield entry;
        }
      }
      return iterate(goOn, signal);
    },
  });

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
    events: wrapJournal((bus) => bus.events),
    logs: wrapJournal((bus) => bus.logs),
    agents: {
      announce: (address, data) => call((bus) => bus.agents.announce(address, data)),
      list: (cluster) => call((bus) => bus.agents.list(cluster)),
    },
    close,
  };
}
