/** `events`: what happens to all runs that the token may see, or to one of them. */
import type { SeenEvent } from "../../../src/contract/runs-api/seen-event.ts";
import { createReconnection } from "../api/reconnection.ts";
import { followEvents } from "../api/run-streams.ts";
import type { Context } from "../context.ts";
import { exitCodes, Stop, type ExitCode } from "../exit-codes.ts";
import { parseSince } from "../terminal/durations.ts";
import { cleanLine } from "../../../src/runs/words/safe-text.ts";
import { checkRunId } from "./run-id.ts";
import { colourOf } from "./status-colours.ts";

export interface EventsOptions {
  readonly follow?: boolean;
  readonly since?: string;
}

export async function showEvents(
  run: string | undefined,
  { follow: live = false, since }: EventsOptions,
  context: Context,
): Promise<ExitCode> {
  const { client, screen, signal, now } = context;
  if (run !== undefined && since !== undefined)
    throw new Stop("usage", "Cannot use --since with a run: all of its events are shown");
  const path = run === undefined ? "/events" : `/runs/${checkRunId(run)}/events`;
  // Those of all runs may be very many: without another wish those of the last hour, or from now on.
  const wish = since ?? (run === undefined && !live ? "1h" : undefined);
  const from = wish === undefined ? undefined : parseSince(wish, now());
  if (from?.ok === false) throw new Stop("usage", `Cannot use --since: ${from.problem}`);
  const query = { follow: String(live), since: from?.value };
  const reconnection = createReconnection({ note: screen.note, signal });
  for await (const item of followEvents(client, path, { live, query, reconnection, signal })) {
    if (item.kind === "end") break;
    if (screen.json) screen.printJson(item.event);
    else screen.print(formatEvent(item.event, screen));
  }
  return exitCodes.succeeded;
}

function formatEvent({ time, type, data }: SeenEvent, { paint }: Context["screen"]): string {
  const { phase, warning, failure, runId, cluster, driver, guresid } = data;
  const kind = type.replace(/^run\.(\w+)\.v\d+$/, "$1");
  const what = cleanLine(kind === "" ? phase : kind).padEnd(10);
  const colour = colourOf(phase);
  const where = cleanLine(`${cluster} ${runId} ${driver}/${guresid}`);
  const why = cleanLine(
    warning ?? (failure === undefined ? "" : `${failure.reason}: ${failure.message.split("\n", 1)[0]}`),
  );
  return `${paint("dim", cleanLine(time))} ${colour === undefined ? what : paint(colour, what)} ${where} ${why}`.trimEnd();
}
