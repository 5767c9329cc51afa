/** What a front door is asked, and how it answers. */
import { Gauge, Histogram, type Registry } from "prom-client";
import type { FrontDoorObserver } from "../../../src/app.ts";

/** Requests may be held for their runs, 25 seconds at most (`Prefer: wait`). */
const requestBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export function createFrontDoorMetrics(registry: Registry): FrontDoorObserver {
  const requests = new Histogram({
    name: "container_driver_http_request_duration_seconds",
    help: "Requests, from their arrival until the answer begins.",
    labelNames: ["route", "method", "status"],
    buckets: requestBuckets,
    registers: [registry],
  });
  const streams = new Gauge({
    name: "container_driver_http_streams",
    help: "Answers that are being read as they go on: viewers of events and logs.",
    labelNames: ["route"],
    registers: [registry],
  });
  return {
    requestAnswered: ({ route, method, status, seconds }) =>
      requests.observe({ route, method, status: String(status) }, seconds),
    streamOpened({ route }) {
      streams.inc({ route });
      return () => streams.dec({ route });
    },
  };
}
