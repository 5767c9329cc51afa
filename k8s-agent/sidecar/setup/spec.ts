/** What setup is told: a file of the run's Secret, and nothing else. It holds every secret of the run but its key. */
import * as v from "valibot";
import { ContainerInputs } from "../../../src/contract/container/inputs.ts";

/** What the cluster's operator decides about git, as text: a pod has no files of the agent's. */
const Git = v.object({
  /** Lines of a known_hosts file, for requests that bring none. */
  knownHosts: v.exactOptional(v.string()),
  /** PEM, instead of the certificate authorities in the helpers' image. */
  certificateAuthorities: v.exactOptional(v.string()),
  /** The proxy that leads to https hosts, `http://host:port`. */
  proxy: v.exactOptional(v.string()),
});

export type GitTexts = v.InferOutput<typeof Git>;

export const SetupSpec = v.object({
  inputs: ContainerInputs,
  order: v.object({ unlessCommit: v.optional(v.string()) }),
  git: v.exactOptional(Git),
});
export type SetupSpec = v.InferOutput<typeof SetupSpec>;
