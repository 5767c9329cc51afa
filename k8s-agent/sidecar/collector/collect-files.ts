/** The second helper: reads what main wrote, trusting none of it. */
import path from "node:path";
import { exchangeFiles } from "../../../src/contract/container/variables.ts";
import { noOutputs } from "../../../src/contract/outputs.ts";
import { succeed } from "../../../src/contract/result.ts";
import type { Action } from "../../../src/contract/run.ts";
import type { Collected } from "../../launch/launcher.ts";
import { readErrorText } from "./error-text.ts";
import { readOutputs } from "./outputs.ts";

/**
 * Reads main's files from the exchange directory: the outputs (ignored on destroy), or the sentence that says what is
 * wrong with them, and the text of `ERROR_FILE`. Call it after main has ended. Never blocks on what main left there, and
 * never rejects.
 */
export async function collectFiles(exchangeDirectory: string, { action }: { action: Action }): Promise<Collected> {
  const error = await readErrorText(path.join(exchangeDirectory, exchangeFiles.ERROR_FILE));
  const outputs = action === "destroy" ? succeed(noOutputs) : await readOutputs(exchangeDirectory);
  return { outputs, ...error };
}
