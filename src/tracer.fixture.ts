/** A tracer that keeps what has ended, in its order. */
import type { SpanAttributes, SpanOptions, Tracer } from "./tracer.ts";
import type { TraceContext } from "./contract/trace-context.ts";

export interface KeptSpan extends SpanOptions {
  readonly name: string;
  readonly context: TraceContext;
  readonly attributes: SpanAttributes;
  readonly links: readonly TraceContext[];
  readonly ended: Date;
  readonly error: string | undefined;
}

export function createRecorder(): { readonly tracer: Tracer; readonly spans: readonly KeptSpan[] } {
  const spans: KeptSpan[] = [];
  let count = 0;
  const createId = (length: number) => (++count).toString(16).padStart(length, "0");
  const tracer: Tracer = {
    begin(first, options) {
      const { parent, ids } = options;
      const traceId = parent?.traceId ?? ids?.traceId ?? createId(32);
      const context = { traceId, spanId: ids?.spanId ?? createId(16), flags: parent?.flags ?? 1 };
      const links = [...(options.links ?? [])];
      let name = first;
      let attributes = options.attributes ?? {};
      return {
        context,
        rename: (next) => void (name = next),
        describe: (more) => void (attributes = { ...attributes, ...more }),
        link: (other) => void links.push(other),
        end: ({ at, error }) => void spans.push({ ...options, name, context, attributes, links, ended: at, error }),
      };
    },
  };
  return { tracer, spans };
}
