/**
 * Spans, as both programs know them. What exports them is given (adapters/node/tracing); where nothing is, traces are only
 * handed on. A span says who, what and how long; never an input, an output or a container's own words.
 */
import type { Action, ResourceAddress } from "./contract/run.ts";
import type { RunAddress } from "./contract/names.ts";
import type { TraceContext } from "./contract/trace-context.ts";

export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

export interface SpanOptions {
  readonly kind: "server" | "producer" | "consumer" | "internal";
  /** Undefined: it begins a trace. */
  readonly parent: TraceContext | undefined;
  readonly at: Date;
  readonly attributes?: SpanAttributes;
  /** Spans of other traces that it has to do with. */
  readonly links?: readonly TraceContext[];
  /** Left out: random ones. The trace's counts only where there is no parent. */
  readonly ids?: { readonly traceId: string; readonly spanId: string };
}

export interface Span {
  /** Known from the start, so that others can be its children. */
  readonly context: TraceContext;
  rename(name: string): void;
  describe(attributes: SpanAttributes): void;
  link(context: TraceContext): void;
  /** `error`: it failed, for this reason: a word, not a message. A span that isn't ended is as if it had never begun. */
  end(options: { readonly at: Date; readonly error?: string | undefined }): void;
}

export interface Tracer {
  begin(name: string, options: SpanOptions): Span;
}

/** What spans say of a run. */
export function describeRun(run: RunAddress & ResourceAddress & { readonly action: Action }): SpanAttributes {
  const { runId, cluster, driver, guresid, action } = run;
  return {
    "container_driver.run.id": runId,
    "container_driver.cluster": cluster,
    "container_driver.driver": driver,
    "container_driver.guresid": guresid,
    "container_driver.action": action,
  };
}
