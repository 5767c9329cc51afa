/** The second helper: reads what main wrote, trusting none of it. */
import { noOutputs } from "../../../src/contract/outputs.ts";
import { succeed } from "../../../src/contract/result.ts";
import type { Action } from "../../../src/contract/run.ts";
import type { Collected } from "../../launch/launcher.ts";

/**
 * Reads main's files from the exchange directory: the outputs (ignored on destroy), or the sentence that says what is
 * wrong with them, and the text of `ERROR_FILE`. Call it after main has ended. Never blocks on what main left there, and
 * never rejects.
 */
export async function collectFiles(_exchangeDirectory: string, _options: { action: Action }): Promise<Collected> {
  return { outputs: succeed(noOutputs), errorText: "" };
}
