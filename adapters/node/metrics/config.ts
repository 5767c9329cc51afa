/** Where programs on Node and Deno serve their metrics: on a port of its own, as callers of the API have no business there. */
import * as v from "valibot";
import { wholeNumber } from "../../../src/contract/variables.ts";

export const metricsVariables = {
  /** Where `/metrics` is answered; left out: nowhere. */
  METRICS_PORT: v.optional(wholeNumber(1, 65_535)),
  METRICS_HOST: v.optional(v.string(), "127.0.0.1"),
};

export interface MetricsConfig {
  readonly METRICS_PORT?: number | undefined;
  readonly METRICS_HOST: string;
}
