/**
 * The error codes of the driver API (`{error: "RES-1NN", message}`), whose fault each is, and the HTTP status it comes
 * with. The orchestrator's specification fixes the form, not the numbers.
 */
export const errorCodes = {
  "RES-100": { name: "invalid request", fault: "caller", status: 400, retry: false },
  "RES-101": { name: "run failed", fault: "caller", status: 400, retry: true },
  "RES-102": { name: "unknown resource", fault: "caller", status: 404, retry: false },
  "RES-103": { name: "not authenticated", fault: "caller", status: 401, retry: false },
  "RES-104": { name: "not allowed", fault: "caller", status: 403, retry: false },
  "RES-105": { name: "body too large", fault: "caller", status: 413, retry: false },
  "RES-106": { name: "no such path", fault: "caller", status: 404, retry: false },
  "RES-107": { name: "unknown cluster", fault: "caller", status: 400, retry: false },
  "RES-108": { name: "method not allowed", fault: "caller", status: 405, retry: false },
  "RES-109": { name: "unknown run", fault: "caller", status: 404, retry: false },
  "RES-110": { name: "run has ended", fault: "caller", status: 409, retry: false },
  "RES-150": { name: "internal error", fault: "ours", status: 500, retry: true },
  "RES-151": { name: "broker unavailable", fault: "ours", status: 503, retry: true },
  "RES-152": { name: "token keys unavailable", fault: "ours", status: 503, retry: true },
  "RES-153": { name: "run secret missing", fault: "ours", status: 503, retry: true },
} as const;
export type ErrorCode = keyof typeof errorCodes;

/** What keeps a workload from its own end: each is told by whoever launched it, with a sentence and the evidence. */
const workloadFailures = [
  "setup-failed",
  "start-failed",
  "out-of-memory",
  "deadline",
  /** The end can't be told: nobody was there to see it. */
  "lost",
  "image-invalid",
  "image-pull-failed",
  "config-error",
  "service-account-missing",
  "secret-missing",
  "config-map-missing",
  "unschedulable",
  "quota-exceeded",
  "admission-refused",
  /** Its Job made no pod, and nothing says why. */
  "no-pod",
  "evicted",
  "node-lost",
  "pod-deleted",
  /** setup or collector, by no fault of the run's. */
  "helper-failed",
] as const;
export type WorkloadFailure = (typeof workloadFailures)[number];

/** Why a run ended badly: stable words that programs may compare. */
export const failureReasons = [
  "invalid-request",
  "launch-refused",
  "exit-code",
  "signal",
  "outputs-invalid",
  "cancelled",
  ...workloadFailures,
] as const;
export type FailureReason = (typeof failureReasons)[number];
