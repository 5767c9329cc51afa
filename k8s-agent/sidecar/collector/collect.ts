/** What the collector does, given its surroundings. */
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import type { Writable } from "node:stream";
import { check } from "../../../src/contract/decode.ts";
import { Action } from "../../../src/contract/run.ts";
import { sealCollected } from "../messages/collected.ts";
import { collectFiles } from "./collect-files.ts";

export interface CollectOptions {
  readonly action: string;
  readonly keyFile: string;
  readonly exchangeDirectory: string;
  /** Main has ended. */
  readonly termination: AbortSignal;
  readonly output: Writable;
  readonly logError: (text: string) => void;
}

/** Waits for main's end, and prints what it has left. Answers with the exit code. */
export async function collect(options: CollectOptions): Promise<0 | 1> {
  try {
    const action = check(Action, options.action);
    if (!action.ok) throw new Error(`the action ${action.problem}`);
    // Before the wait: who looks at a pod sees early that something is wrong with it.
    const key = (await readFile(options.keyFile, "utf8")).trim();
    await waitFor(options.termination);
    const collected = await collectFiles(options.exchangeDirectory, { action: action.value });
    await print(options.output, `${await sealCollected(collected, key)}\n`);
    return 0;
  } catch (error) {
    options.logError(`Cannot collect: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}

/** Far longer than any run, and what a timer can hold. */
const longMilliseconds = 2 ** 31 - 1;

async function waitFor(termination: AbortSignal): Promise<void> {
  if (termination.aborted) return;
  // A handler for a signal keeps no process alive.
  const alive = setInterval(() => undefined, longMilliseconds);
  await once(termination, "abort");
  clearInterval(alive);
}

/** The whole line, however slowly it is taken: the process must not end before. */
async function print(output: Writable, line: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    output.once("error", reject);
    output.write(line, (error) => (error ? reject(error) : resolve()));
  });
}
