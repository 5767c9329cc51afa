/** Variables by which a run's processes are known, as `NAME=value`: no other run's begin so. */
import { exchangeFiles } from "../../src/contract/container/variables.ts";
import type { RunFiles } from "./runs-directory.ts";

/** A supervisor's own variable: it has no other use. */
export const supervisorVariable = "CONTAINER_DRIVER_RUN";

/** Main and what it starts. */
export function buildMainMarks({ exchange }: RunFiles): string[] {
  return Object.entries(exchangeFiles).map(([name, file]) => `${name}=${exchange}/${file}`);
}

/** The supervisor, the git that setup starts, and main. */
export function buildAllMarks(files: RunFiles): string[] {
  return [`${supervisorVariable}=${files.directory}`, `HOME=${files.scratch}/`, ...buildMainMarks(files)];
}
