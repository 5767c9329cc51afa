/** Where programs on Node and Deno send their spans: OpenTelemetry's own variables. What isn't here, its exporter reads itself. */
import * as v from "valibot";

const url = v.pipe(
  v.string(),
  v.check((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol), "must be an http or https URL"),
);
const protocol = v.picklist(["http/protobuf", "http/json"], "must be http/protobuf or http/json: gRPC is not spoken");
const samplers = [
  "always_on",
  "always_off",
  "traceidratio",
  "parentbased_always_on",
  "parentbased_always_off",
  "parentbased_traceidratio",
] as const;
const ratio = v.pipe(
  v.string(),
  v.regex(/^(0(\.\d+)?|1(\.0+)?|\.\d+)$/, "must be a number from 0 to 1"),
  v.transform(Number),
);

export const tracingVariables = {
  /** The collector, without the path. Without it and the next one there are no spans. */
  OTEL_EXPORTER_OTLP_ENDPOINT: v.optional(url),
  /** Where spans go, with the path. */
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: v.optional(url),
  OTEL_EXPORTER_OTLP_PROTOCOL: v.optional(protocol),
  OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: v.optional(protocol),
  OTEL_TRACES_EXPORTER: v.optional(v.picklist(["otlp", "none"], "must be otlp or none")),
  OTEL_TRACES_SAMPLER: v.optional(v.picklist(samplers, `must be one of ${samplers.join(", ")}`)),
  OTEL_TRACES_SAMPLER_ARG: v.optional(ratio),
  OTEL_SDK_DISABLED: v.optional(v.string()),
};

export type TracingConfig = {
  readonly [K in keyof typeof tracingVariables]?: v.InferOutput<(typeof tracingVariables)[K]>;
};

/** Where spans go; undefined where nobody asks for them. */
export function getTracesUrl(config: TracingConfig): string | undefined {
  if (config.OTEL_TRACES_EXPORTER === "none" || config.OTEL_SDK_DISABLED?.toLowerCase() === "true") return undefined;
  const { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: own, OTEL_EXPORTER_OTLP_ENDPOINT: common } = config;
  if (own !== undefined || common === undefined) return own;
  return `${common.replace(/\/+$/, "")}/v1/traces`;
}
