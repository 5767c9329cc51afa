/** The collector's `postStart` hook as a program: ends when the collector is ready, or with 1 after half a minute. */
import { awaitReadiness } from "./readiness.ts";

await awaitReadiness(AbortSignal.timeout(30_000));
