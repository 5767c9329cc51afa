/** A bus that tells the test of every call before it is made; a test that throws then is a broker or a crash. */
import type { Bus, Journal } from "./bus/port.ts";

export type Operation =
  | `records.${"get" | "set" | "remove"}`
  | `${"events" | "logs"}.${"append" | "last" | "read" | "follow"}`
  | `events.${"page" | "locate" | "followAll"}`
  | `requests.${"place" | "take"}`;

export interface Call {
  readonly operation: Operation;
  /** The record's key, the run's id, or the cluster. */
  readonly key: string;
  /** What is to be written. */
  readonly data?: Uint8Array;
}

export function interceptBus(bus: Bus, before: (call: Call) => void | Promise<void>): Bus {
  const intercept = (name: "events" | "logs"): Journal => ({
    async append(address, data, options) {
      await before({ operation: `${name}.append`, key: address.runId, data });
      return bus[name].append(address, data, options);
    },
    async last(address) {
      await before({ operation: `${name}.last`, key: address.runId });
      return bus[name].last(address);
    },
    async read(address) {
      await before({ operation: `${name}.read`, key: address.runId });
      return bus[name].read(address);
    },
    async *follow(address, options) {
      await before({ operation: `${name}.follow`, key: address.runId });
      yield* bus[name].follow(address, options);
    },
  });
  return {
    agents: bus.agents,
    controls: bus.controls,
    records: {
      async get(key) {
        await before({ operation: "records.get", key });
        return bus.records.get(key);
      },
      async set(key, data, expected) {
        await before({ operation: "records.set", key, data });
        return bus.records.set(key, data, expected);
      },
      async remove(key, expected) {
        await before({ operation: "records.remove", key });
        return bus.records.remove(key, expected);
      },
    },
    requests: {
      async place(address, data) {
        await before({ operation: "requests.place", key: address.runId, data });
        return bus.requests.place(address, data);
      },
      async *take(cluster, options) {
        await before({ operation: "requests.take", key: cluster });
        yield* bus.requests.take(cluster, options);
      },
    },
    events: {
      ...intercept("events"),
      async page(cluster, options) {
        await before({ operation: "events.page", key: cluster });
        return bus.events.page(cluster, options);
      },
      async locate(cluster, time) {
        await before({ operation: "events.locate", key: cluster });
        return bus.events.locate(cluster, time);
      },
      async *followAll(cluster, options) {
        await before({ operation: "events.followAll", key: cluster });
        yield* bus.events.followAll(cluster, options);
      },
    },
    logs: intercept("logs"),
    close: () => bus.close(),
  };
}
