/** Runs that say what they were told of their trace, and callers that have one. */
import { randomBytes } from "node:crypto";
import { buildScriptRequest } from "../support/script-request.ts";

/** Stands in everything of a run that no span may hold. */
export const canary = "canary-4f7d1b";

/** A request whose inputs, variables, log and error file are full of it. */
export function buildTracedRequest(script: string) {
  const secrets = { account: { key: canary }, job: { variables: { SECRET_OF_MINE: `${canary}-variable` } } };
  const say = `echo "$SECRET_OF_MINE in the log"; echo "$SECRET_OF_MINE in the error" > "$ERROR_FILE"`;
  const resource = { note: `${canary}-input` };
  return buildScriptRequest(`${say}\n${script}`, {
    secrets,
    resource,
    job: { variables: { PLAIN: `${canary}-plain` } },
  });
}

/** Writes what main was told into the outputs, as `parent` and `state`; `none` where it was told nothing. */
export const tellTrace = `printf '{"parent": "%s", "state": "%s"}' "\${TRACEPARENT-none}" "\${TRACESTATE-none}" > "$OUTPUTS_FILE"`;

/** The variables of a program that exports, as JSON. */
export function exportTo(url: string): Record<string, string> {
  return { OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_EXPORTER_OTLP_PROTOCOL: "http/json" };
}

export interface CallersTrace {
  readonly traceId: string;
  readonly spanId: string;
  readonly headers: { readonly traceparent: string; readonly tracestate: string };
}

export function createCallersTrace({ sampled = true } = {}): CallersTrace {
  const traceId = randomBytes(16).toString("hex");
  const spanId = randomBytes(8).toString("hex");
  const traceparent = `00-${traceId}-${spanId}-${sampled ? "01" : "00"}`;
  return { traceId, spanId, headers: { traceparent, tracestate: "rojo=00f067aa0ba902b7" } };
}
