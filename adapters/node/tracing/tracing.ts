import type { Logger } from "../../../src/log.ts";
import type { Tracer } from "../../../src/tracer.ts";

export interface Tracing {
  /** Undefined: nobody asks for spans. */
  readonly tracer: Tracer | undefined;
  /** Sends what there still is, for a few seconds at most. Twice is fine. */
  close(): Promise<void>;
}

export interface TracingOptions {
  readonly program: "front-door" | "agent" | "standalone";
  /** Which of several such programs. */
  readonly instance?: string;
  readonly logger: Logger;
}
