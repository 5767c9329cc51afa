/** Runs for the launcher suite: a shell script in `files`, and whatever else a test is about. */
import { ulid } from "ulid";
import type { ContainerInputs, ContainerSecrets, ContainerValues } from "../../src/contract/container/inputs.ts";
import type { JsonObject } from "../../src/contract/json.ts";
import type { Action, Run } from "../../src/contract/run.ts";

export interface RunOptions {
  /** One that has a shell. */
  readonly image?: string;
  /** What `/bin/sh` is given as run.sh. */
  readonly script?: string;
  readonly action?: Action;
  readonly job?: Partial<ContainerValues["job"]>;
  readonly values?: Partial<Omit<ContainerValues, "job">>;
  readonly secrets?: ContainerSecrets;
  readonly resource?: JsonObject;
  readonly unlessCommit?: string;
}

export const sharedDirectory = "/home/runneruser/workspace";

/** Builds a run with an id of its own. */
export function buildRun(options: RunOptions): Run {
  const { unlessCommit } = options;
  return {
    order: {
      v: 1,
      cluster: "local",
      runId: ulid().toLowerCase(),
      driver: "container",
      guresid: "a-resource",
      type: "a-type",
      action: options.action ?? "create",
      runKey: "",
      runKeyId: "",
      inputsDigest: "",
      requestedAt: new Date(0).toISOString(),
      ...(unlessCommit === undefined ? {} : { unlessCommit }),
    },
    inputs: buildInputs(options),
  };
}

function buildInputs({ image, script, job, values, secrets, resource }: RunOptions): ContainerInputs {
  const files = script === undefined ? {} : { files: { "run.sh": script, ...values?.files } };
  return {
    type: "a-type",
    resource: resource ?? {},
    values: {
      job: { command: ["/bin/sh", `${sharedDirectory}/run.sh`], image: image ?? "busybox", ...job },
      ...values,
      ...files,
    },
    secrets: secrets ?? {},
  };
}
