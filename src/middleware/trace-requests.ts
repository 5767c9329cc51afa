/** The trace that a request belongs to: its caller's, or one of its own. Of each request a span, where spans are exported. */
import type { Context, MiddlewareHandler } from "hono";
import { routePath } from "hono/route";
import { parseTrace, type TraceContext } from "../contract/trace-context.ts";
import type { Span, SpanAttributes, Tracer } from "../tracer.ts";

export interface TraceVariables {
  trace?: TraceContext;
  span?: Span;
}

type Environment = { Variables: TraceVariables };

/** What is asked every few seconds, and tells nothing. */
const untold = new Set(["/alive", "/health"]);

export function traceRequests(now: () => Date, tracer: Tracer | undefined): MiddlewareHandler<Environment> {
  return async (c, next) => {
    const parent = parseTrace(c.req.header("traceparent"), c.req.header("tracestate"));
    if (tracer === undefined || untold.has(c.req.path)) {
      if (parent !== undefined) c.set("trace", parent);
      return next();
    }
    const { method } = c.req;
    const attributes = { "http.request.method": method };
    const span = tracer.begin(method, { kind: "server", parent, at: now(), attributes });
    c.set("span", span);
    c.set("trace", span.context);
    await next();
    const { status } = c.res;
    // Never the path: it holds names without end, and in a mistaken request anything at all.
    const route = routePath(c);
    span.rename(`${method} ${route}`);
    span.describe({ "http.route": route, "http.response.status_code": status });
    span.end({ at: now(), error: status >= 500 ? String(status) : undefined });
  };
}

/** The trace that a request belongs to: its own span, or what its caller sent; undefined where there is neither. */
export function getTrace(c: Context<Environment>): TraceContext | undefined {
  return c.get("trace");
}

/** Says which run a request was about, and leads from one trace to the other. */
export function noteRun(c: Context<Environment>, attributes: SpanAttributes, trace: TraceContext | undefined): void {
  const span = c.get("span");
  span?.describe(attributes);
  if (trace !== undefined && trace.traceId !== span?.context.traceId) span?.link(trace);
}
