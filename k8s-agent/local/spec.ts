/**
 * What a supervisor is told, as JSON on its standard input and nowhere else: arguments, environment and disk could be
 * read by others or left behind.
 */
import * as v from "valibot";
import { ContainerInputs } from "../../src/contract/container/inputs.ts";
import { Action } from "../../src/contract/run.ts";
import { TraceCarrier } from "../../src/contract/trace-context.ts";
import type { GitPolicy } from "../sidecar/setup/set-up.ts";

const gitPolicy = {
  knownHostsFile: v.exactOptional(v.string()),
  caFile: v.exactOptional(v.string()),
  proxy: v.exactOptional(v.string()),
} satisfies Record<keyof GitPolicy, v.GenericSchema>;

/** One run, as its supervisor needs it. */
export const SupervisorSpec = v.object({
  action: Action,
  unlessCommit: v.exactOptional(v.string()),
  inputs: ContainerInputs,
  /** Main's `PATH`, unless the request has one. */
  path: v.string(),
  /** Seconds between SIGTERM and SIGKILL when the supervisor itself has to stop main. */
  graceSeconds: v.number(),
  /** How long after the request's timeout, which the agent enforces, the supervisor does it: its agent must be gone. */
  backstopSeconds: v.number(),
  gitPolicy: v.exactOptional(v.object(gitPolicy)),
  /** The trace that main is to go on with. */
  trace: v.exactOptional(TraceCarrier),
});
export type SupervisorSpec = v.InferOutput<typeof SupervisorSpec>;
