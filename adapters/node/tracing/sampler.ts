import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  type Sampler,
} from "@opentelemetry/sdk-trace";
import type { TracingConfig } from "./config.ts";

/** As OpenTelemetry's variables have it: left out, whoever began a trace decides, and what begins here is recorded. */
export function chooseSampler(config: TracingConfig): Sampler {
  const { OTEL_TRACES_SAMPLER: name = "parentbased_always_on", OTEL_TRACES_SAMPLER_ARG: share = 1 } = config;
  const root = createRoot(name, share);
  return name.startsWith("parentbased_") ? new ParentBasedSampler({ root }) : root;
}

function createRoot(name: string, share: number): Sampler {
  if (name.endsWith("traceidratio")) return new TraceIdRatioBasedSampler(share);
  return name.endsWith("always_off") ? new AlwaysOffSampler() : new AlwaysOnSampler();
}
