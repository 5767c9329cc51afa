/** `run --watch`: sends the request again whenever its file has changed. */
import { readFile } from "node:fs/promises";
import { pause } from "../../../src/bus/pause.ts";
import type { Context } from "../context.ts";
import { Stop, type ExitCode } from "../exit-codes.ts";
import { cleanText } from "../../../src/runs/words/safe-text.ts";
import { run, type RunOptions } from "./run.ts";

/** Editors replace files, and file systems differ in what they tell of that: so the file is looked at. */
const lookMilliseconds = 300;

/** Goes on until it is interrupted, whatever becomes of the runs. */
export async function runOnChange(options: RunOptions, context: Context): Promise<ExitCode> {
  const { file, destroy = false } = options;
  if (file === undefined || file === "-" || destroy)
    throw new Stop(
      "usage",
      "Cannot watch for changes: --watch needs a request's file in -f, and goes without --destroy",
    );
  const { screen, signal } = context;
  for (;;) {
    // What is changed while the run goes on counts, too.
    const sent = await readQuietly(file);
    try {
      await run(options, context);
    } catch (error) {
      if (!(error instanceof Stop) || signal.aborted) throw error;
      screen.note(screen.paintNote("red", cleanText(error.message, { colour: false }).trimEnd()));
    }
    screen.note(screen.paintNote("dim", `Waiting until ${file} changes; Ctrl-C ends`));
    while ((await readQuietly(file)) === sent) {
      await pause(lookMilliseconds, signal);
      signal.throwIfAborted();
    }
  }
}

/** Undefined for a file that isn't there, such as while an editor replaces it: reading it for the run says why. */
async function readQuietly(file: string): Promise<string | undefined> {
  return readFile(file, "utf8").catch(() => undefined);
}
