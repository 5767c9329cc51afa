import { expect, test } from "vitest";
import { readVariables } from "../../../src/contract/variables.ts";
import { getTracesUrl, tracingVariables } from "./config.ts";

function read(environment: Record<string, string>) {
  const config = readVariables(tracingVariables, environment);
  return config.ok ? getTracesUrl(config.value) : config.problem;
}

const OTEL_EXPORTER_OTLP_ENDPOINT = "http://collector:4318";

test.for([
  [{}, undefined],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT }, "http://collector:4318/v1/traces"],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: "https://collector/base//" }, "https://collector/base/v1/traces"],
  [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://other/x" }, "http://other/x"],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://other/x" }, "http://other/x"],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_TRACES_EXPORTER: "none" }, undefined],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_SDK_DISABLED: "TRUE" }, undefined],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_SDK_DISABLED: "false" }, "http://collector:4318/v1/traces"],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: "" }, undefined],
] as const)("With %j spans go to %s", ([environment, url]) => {
  expect(read(environment)).toBe(url);
});

test.for([
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4318" }, "OTEL_EXPORTER_OTLP_ENDPOINT must be an http or https URL"],
  [{ OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" }, "must be http/protobuf or http/json: gRPC is not spoken"],
  [{ OTEL_TRACES_EXPORTER: "zipkin" }, "OTEL_TRACES_EXPORTER must be otlp or none"],
  [{ OTEL_TRACES_SAMPLER: "jaeger_remote" }, "OTEL_TRACES_SAMPLER must be one of always_on"],
  [{ OTEL_TRACES_SAMPLER_ARG: "2" }, "OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1"],
] as const)("%j is refused at the start", ([environment, problem]) => {
  expect(read(environment)).toContain(problem);
});
