/** The front door's configuration: environment variables, the same on every runtime. */
import * as v from "valibot";
import { limits } from "./contract/limits.ts";
import { ClusterName } from "./contract/names.ts";
import { wholeNumber } from "./contract/variables.ts";

/** Environment variables of the front door. */
export const frontDoorVariables = {
  /** Where to listen. */
  PORT: v.optional(wholeNumber(0, 65_535), "8787"),
  HOST: v.optional(v.string(), "127.0.0.1"),
  /** The cluster of requests that name none; without it, the only one there is. */
  DEFAULT_CLUSTER: v.optional(ClusterName),
  /** What a request without `Prefer: wait` waits for its run, seconds. */
  WAIT_SECONDS: v.optional(wholeNumber(0, limits.waitSeconds), "0"),
  /** Of our own log. */
  LOG_LEVEL: v.optional(
    v.picklist(["debug", "info", "warn", "error", "silent"], "must be debug, info, warn, error or silent"),
    "info",
  ),
};

/** Whether only programs on the same machine can reach a server that listens there. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}
