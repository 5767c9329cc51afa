/**
 * Every limit that both programs keep to. The sizes follow from NATS' default `max_payload` of 1 MiB, base64 and
 * sealing included: see docs/architecture.md. Whoever refuses something because of one of these says the limit and the
 * actual figure (`describeLimit`).
 */
export const limits = {
  /** Body of a driver request, bytes. */
  requestBodyBytes: 512 * 1024,
  /** Outputs, secret outputs and manifests of one run together, bytes of JSON text. */
  outputsBytes: 640 * 1024,
  /** Nesting of any JSON that we read. */
  jsonDepth: 100,
  /** Levels that a message of ours may wrap around such JSON: what was taken in must come out again. */
  envelopeDepth: 8,
  /** The reason of a failure, bytes of UTF-8. */
  errorTextBytes: 16 * 1024,
  /** Warnings of one run: an agent gives no more, and nobody is shown more; the others are counted. */
  warnings: 100,
  /** A warning, characters (UTF-16 code units); a longer one is cut. */
  warningLength: 4096,
  /** The tail of the log that `append_logs_to_error` adds, bytes of UTF-8; part of `errorTextBytes`. */
  logTailBytes: 8 * 1024,
  /** The Authorization header, bytes. */
  bearerTokenBytes: 8 * 1024,
  /** `Humanitec-Driver-Cookie`, bytes: must be fewer than this. */
  cookieBytes: 10_240,
  /** A longer log line is shown as several, and counts as several in the tail of a log. */
  logLineBytes: 64 * 1024,
  /** Payload of one log chunk, bytes. */
  logChunkBytes: 64 * 1024,
  /** A log chunk is published at most this long after its first byte, milliseconds. */
  logChunkMilliseconds: 100,
  /** Entries of `files`, plain and secret together. */
  files: 200,
  /** A git checkout on disk, bytes. */
  checkoutBytes: 1024 ** 3,
  /** A git checkout, seconds. */
  checkoutSeconds: 600,
  /** `job.pod_template`, bytes of YAML or JSON text. */
  podTemplateBytes: 64 * 1024,
  /** `job.pod_template`, values in it once YAML's aliases are resolved. */
  podTemplateValues: 10_000,
  /** One variable as `NAME=value`, or one argument, with its closing NUL, bytes: Linux' MAX_ARG_STRLEN. */
  argumentBytes: 128 * 1024,
  /** The values of one Kubernetes Secret together, bytes. */
  secretBytes: 1024 * 1024,
  /** `Prefer: wait=N`, seconds. */
  waitSeconds: 25,
  /** `timeout` of a run, seconds. */
  timeoutSeconds: 24 * 3600,
  /** A run's deadline where the request gives none, seconds. */
  defaultTimeoutSeconds: 3600,
  /** A request that waited longer than this is refused, days; events are kept longer, so that none is carried out twice. */
  requestDays: 14,
  /** What a replica of an agent says of itself, bytes. */
  announcementBytes: 4096,
  /** Replicas of a cluster's agents that are known at once. */
  announcements: 1000,
  /** A GUResID, characters. */
  guresidLength: 128,
} as const;

/**
 * The words for a limit that was passed, the same everywhere.
 *
 * @example describeLimit("the body", 600_000, 524_288, "bytes")
 * // "the body is 600000 bytes, the limit is 524288 bytes"
 */
export function describeLimit(what: string, actual: number, limit: number, unit: string): string {
  return `${what} is ${actual} ${unit}, the limit is ${limit} ${unit}`;
}
