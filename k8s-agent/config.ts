/** The agent's configuration, as its parts need it; adapters read it from where they run. */
import * as v from "valibot";
import { kubernetesVariables } from "./kubernetes/config.ts";
import { wholeNumber } from "../src/contract/variables.ts";
import { ClusterName } from "../src/contract/names.ts";

/** Environment variables of the agent. */
export const agentVariables = {
  /** The cluster that this agent works for. */
  CLUSTER: v.optional(ClusterName, "local"),
  /** Where runs are carried out. */
  LAUNCHER: v.optional(v.picklist(["local", "kubernetes"], "must be local or kubernetes"), "local"),
  /** Runs at once in this replica. */
  CAPACITY: v.optional(wholeNumber(1, 10_000), "100"),
  /** Seconds between SIGTERM and SIGKILL when a run is stopped. */
  GRACE_SECONDS: v.optional(wholeNumber(0, 86_400), "600"),
  /** Where the local launcher keeps its runs; empty: a folder of this user's in the system's temporary directory. */
  RUNS_DIRECTORY: v.optional(v.string(), ""),
  /** PEM file of the certificate authorities that git trusts, instead of the system's. */
  GIT_CA_FILE: v.optional(v.string()),
  /** A known_hosts file for requests over ssh that bring none. */
  GIT_KNOWN_HOSTS_FILE: v.optional(v.string()),
  /** The proxy that leads git to https hosts. */
  GIT_PROXY: v.optional(
    v.pipe(v.string(), v.regex(/^https?:\/\/[^\s/@]+$/, "must be http://host:port, without credentials")),
  ),
  ...kubernetesVariables,
};
