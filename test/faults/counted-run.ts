/** A run that tells on itself: outside, that it was executed; in its log, whether anything is missing or doubled. */
import { buildScriptRequest } from "../support/script-request.ts";
import { awaitInShell, type Witness } from "../support/witness.ts";

export interface CountedRunOptions {
  readonly witness: Witness;
  /** Unlike any other run's of the test: what its outputs say. */
  readonly label: string;
  /** Lines that it prints. */
  readonly lines?: number;
  /** When half of the lines are printed it waits for the witness's file `<label>.go`. */
  readonly waits?: boolean;
}

const defaultLines = 40;

/** Builds the request. The run's id, which is in its paths, is what it writes to the witness's `executions`. */
export function buildCountedRequest({ witness, label, lines = defaultLines, waits = false }: CountedRunOptions) {
  const half = Math.floor(lines / 2);
  const print = (from: number, to: number) =>
    `i=${from}; while [ $i -lt ${to} ]; do echo "line $i of ${label}"; i=$((i + 1)); done`;
  const script = `
    run=\${OUTPUTS_FILE%/exchange/*}
    echo "\${run##*/}" >> ${witness.path}/executions
    ${print(0, half)}
    echo here > ${witness.path}/${label}.here
    ${waits ? awaitInShell(`${witness.path}/${label}.go`) : ""}
    ${print(half, lines)}
    echo '{"label": "${label}"}' > "$OUTPUTS_FILE"`;
  return buildScriptRequest(script, { resource: { label } });
}

/** What it prints, when all of it is there once. */
export function buildCountedLog({ label, lines = defaultLines }: Pick<CountedRunOptions, "label" | "lines">): string {
  return Array.from({ length: lines }, (_, i) => `line ${i} of ${label}\n`).join("");
}

/** Run ids, one for each execution, in order. */
export async function listExecutions(witness: Witness): Promise<string[]> {
  return (await witness.read("executions")).split("\n").filter((line) => line !== "");
}
