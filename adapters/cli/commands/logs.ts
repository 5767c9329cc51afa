/** `logs`: what a run's container printed. */
import { createReconnection } from "../api/reconnection.ts";
import { followLog } from "../api/run-streams.ts";
import type { Context } from "../context.ts";
import { exitCodes, Stop, type ExitCode } from "../exit-codes.ts";
import { createTextCleaner } from "../../../src/runs/words/safe-text.ts";
import { checkRunId } from "./run-id.ts";
import { describeGap } from "./watch-run.ts";

export interface LogsOptions {
  readonly follow?: boolean;
  readonly tail?: string;
  readonly raw?: boolean;
}

export async function showLogs(runId: string, options: LogsOptions, context: Context): Promise<ExitCode> {
  const { client, screen, signal } = context;
  const path = checkRunId(runId);
  const { follow: live = false, raw = false } = options;
  const query = { follow: String(live), tail: parseTail(options.tail) };
  const reconnection = createReconnection({ note: screen.note, signal });
  const cleaner = createTextCleaner({ colour: screen.colour });
  for await (const item of followLog(client, path, { live, query, reconnection, signal })) {
    if (item.kind === "end") {
      if (!item.end.complete)
        screen.note(
          screen.paintNote("yellow", "The log is not complete: its end was never stored, or is kept no more"),
        );
    } else if (screen.json) screen.printJson(item.line);
    else {
      if (item.line.gap !== undefined) screen.note(describeGap(item.line.gap, screen.paintNote));
      screen.write(raw ? item.line.text : cleaner.push(item.line.text));
    }
  }
  if (!screen.json && !raw) screen.write(cleaner.end());
  return exitCodes.succeeded;
}

function parseTail(tail: string | undefined): string | undefined {
  if (tail === undefined || /^\d{1,9}$/.test(tail)) return tail;
  throw new Stop("usage", `Cannot use --tail ${JSON.stringify(tail)}: it must be a number of lines`);
}
