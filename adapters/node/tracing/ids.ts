import { RandomIdGenerator, type IdGenerator } from "@opentelemetry/sdk-trace";
import type { SpanOptions } from "../../../src/tracer.ts";

export interface Ids extends IdGenerator {
  /** What `work` begins gets these ids; random ones where there are none. */
  use<T>(ids: SpanOptions["ids"], work: () => T): T;
}

/** OpenTelemetry asks for ids while a span begins, and has no other way to be told of any. */
export function createIds(): Ids {
  const random = new RandomIdGenerator();
  let next: SpanOptions["ids"];
  return {
    generateTraceId: () => next?.traceId ?? random.generateTraceId(),
    generateSpanId: () => next?.spanId ?? random.generateSpanId(),
    use(ids, work) {
      next = ids;
      try {
        return work();
      } finally {
        next = undefined;
      }
    },
  };
}
