/**
 * Ids of a run's spans: the same at every replica and at every try, as they come from the run's own id. So a run that is
 * taken over has one trace, and a span that is sent twice is one span.
 */
import { createHash } from "node:crypto";

export function buildTraceId(runId: string): string {
  return digest(`${runId}/trace`).slice(0, 32);
}

/** `name`: what the span is of, once in each run. */
export function buildSpanId(runId: string, name: string): string {
  return digest(`${runId}/span/${name}`).slice(0, 16);
}

function digest(text: string): string {
  return createHash("sha256").update(`container-driver/${text}`).digest("hex");
}
