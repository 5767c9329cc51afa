import type { ReadableSpan, SpanExporter } from "@opentelemetry/sdk-trace";
import type { Logger } from "../../../src/log.ts";

/** A collector that is away says so with every batch; people want to hear it once in a while. */
const quietMilliseconds = 60_000;

/** An exporter that logs what can't be sent: the first time at once, then once a minute, with how much was lost since. */
export function reportFailures(exporter: SpanExporter, logger: Logger): SpanExporter {
  let lost = 0;
  let quietUntil = 0;

  function report(spans: readonly ReadableSpan[], error: Error | undefined): void {
    lost += spans.length;
    const now = performance.now();
    if (now < quietUntil) return;
    // Its other fields hold what the collector answered, which is anybody's text.
    const problem = error?.message;
    logger.warn({ problem, spans: lost }, "Spans could not be exported, and are lost");
    lost = 0;
    quietUntil = now + quietMilliseconds;
  }

  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        if (result.error !== undefined) report(spans, result.error);
        done(result);
      });
    },
    shutdown: () => exporter.shutdown(),
    forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
  };
}
