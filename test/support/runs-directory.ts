/** What the local launcher has in its directory. */
import { readdir } from "node:fs/promises";

/** Everything that a run has left there: all but the launcher's own compiled code. */
export async function listRuns(runsDirectory: string): Promise<string[]> {
  return (await readdir(runsDirectory)).filter((name) => name !== "compile-cache");
}
