/** A bus that tells how each of its calls went. What goes on (`follow`, `take`) has no end to measure; leases are measured. */
import { BusUnavailable, MessageTooLarge, type Bus } from "../../../src/bus/port.ts";

export interface CallObserver {
  /** `operation` is the port's own word, such as `events.append`. */
  answered(operation: string, seconds: number): void;
  failed(operation: string, reason: "unavailable" | "too_large" | "other"): void;
}

export function measureBus(bus: Bus, observer: CallObserver): Bus {
  const measure = <P extends object>(name: string, port: P) => measureCalls(port, { name, observer });
  const requests = measure("requests", bus.requests);
  return {
    records: measure("records", bus.records),
    requests: {
      place: (address, data) => requests.place(address, data),
      async *take(cluster, options) {
        for await (const lease of bus.requests.take(cluster, options)) yield measure("lease", lease);
      },
    },
    events: measure("events", bus.events),
    logs: measure("logs", bus.logs),
    controls: measure("controls", bus.controls),
    agents: measure("agents", bus.agents),
    close: () => bus.close(),
  };
}

/** The same object, but what its methods promise is measured. */
function measureCalls<P extends object>(port: P, by: { name: string; observer: CallObserver }): P {
  return new Proxy(port, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key);
      if (typeof value !== "function" || typeof key === "symbol") return value;
      const operation = `${by.name}.${key}`;
      return (...args: unknown[]): unknown => {
        const begun = performance.now();
        const result: unknown = Reflect.apply(value, target, args);
        if (result instanceof Promise)
          result.then(
            () => answer(operation, begun),
            (error) => fail(operation, error),
          );
        return result;
      };
    },
  });

  function answer(operation: string, begun: number): void {
    by.observer.answered(operation, (performance.now() - begun) / 1000);
  }

  function fail(operation: string, error: unknown): void {
    by.observer.failed(operation, describeReason(error));
  }
}

function describeReason(error: unknown): Parameters<CallObserver["failed"]>[1] {
  if (error instanceof BusUnavailable) return "unavailable";
  return error instanceof MessageTooLarge ? "too_large" : "other";
}
