import { getTracesUrl, type TracingConfig } from "./config.ts";
import type { Tracing, TracingOptions } from "./tracing.ts";

/** A program's tracer, if spans are asked for: the libraries that export them take their time to load. */
export async function loadTracing(config: TracingConfig, options: TracingOptions): Promise<Tracing> {
  const url = getTracesUrl(config);
  if (url === undefined) return { tracer: undefined, close: () => Promise.resolve() };
  const { openTracing } = await import("./open-tracing.ts");
  return openTracing(url, { ...options, config });
}
