/** Requests whose container is a shell script in a pod, and one that tells on itself as test/faults/counted-run.ts does. */
import { buildScriptRequest, type ScriptOptions } from "../../support/script-request.ts";
import { mainImage } from "../support/helper-pod.ts";
import type { PodWitness } from "./pod-witness.ts";

/** A request that runs the script with busybox's shell; it stops at the first command that fails. */
export function buildPodRequest(script: string, { job = {}, ...options }: ScriptOptions = {}) {
  return buildScriptRequest(script, { ...options, job: { image: mainImage, ...job } });
}

export interface CountedPodRunOptions extends ScriptOptions {
  readonly witness: PodWitness;
  /** Unlike any other run's of the test: what its outputs say. */
  readonly label: string;
  /** Lines that it prints. */
  readonly lines?: number;
  /** When half of the lines are printed it waits for the witness's file `<label>.go`. */
  readonly waits?: boolean;
  /** Shell, once it may go on: before it prints the other half. */
  readonly beforeRest?: string;
}

/** The run's id, which its pod's name has, is what it tells the witness's `executions`. */
export function buildCountedPodRequest(counted: CountedPodRunOptions) {
  const { witness, label, lines = 40, waits = false, beforeRest = "", ...options } = counted;
  const half = Math.floor(lines / 2);
  const print = (from: number, to: number) =>
    `i=${from}; while [ $i -lt ${to} ]; do echo "line $i of ${label}"; i=$((i + 1)); done`;
  const script = `
    trap 'exit 143' TERM
    pod=$(hostname); run=\${pod#run-}
    ${witness.tell("executions", "${run%%-*}")}
    ${print(0, half)}
    ${witness.tell(`${label}.here`, "$pod")}
    ${waits ? witness.hold(`${label}.go`) : ""}
    ${beforeRest}
    ${print(half, lines)}
    echo '{"label": "${label}"}' > "$OUTPUTS_FILE"`;
  return buildPodRequest(script, { resource: { label }, ...options });
}
