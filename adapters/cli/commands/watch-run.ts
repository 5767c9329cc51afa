/** A run as it goes on: its phases, its warnings and its log, on standard error, or as lines of JSON. */
import { isTerminal, type Failure, type TerminalPhase } from "../../../src/contract/events.ts";
import type { SeenEvent } from "../../../src/contract/runs-api/seen-event.ts";
import type { Reconnection } from "../api/reconnection.ts";
import { followEvents, followLog, type StreamOptions } from "../api/run-streams.ts";
import type { Context } from "../context.ts";
import { Stop } from "../exit-codes.ts";
import { describeDuration } from "../../../src/runs/words/describe-duration.ts";
import { createLineWriter } from "../terminal/line-writer.ts";
import { cleanLine } from "../../../src/runs/words/safe-text.ts";

export interface RunEnd {
  readonly phase: TerminalPhase;
  readonly failure: Failure | undefined;
}

/**
 * Shows a run until it has ended and its log is complete. Undefined when its end can't be seen: the server knows no such
 * run, or doesn't show runs.
 */
export async function watchRun(
  runId: string,
  context: Context,
  reconnection: Reconnection,
): Promise<RunEnd | undefined> {
  const options = { live: true, reconnection, signal: context.signal, query: { follow: "true" } };
  const [end] = await Promise.all([showEvents(runId, context, options), showLog(runId, context, options)]);
  return end;
}

async function showEvents(
  runId: string,
  { client, screen, now }: Context,
  options: StreamOptions,
): Promise<RunEnd | undefined> {
  let end: RunEnd | undefined;
  let phase = "requested";
  let startedAt = now().getTime();
  screen.progress(() => `${phase}, ${describeDuration(now().getTime() - startedAt)}`);
  await unlessUnknown(async () => {
    let first: number | undefined;
    for await (const item of followEvents(client, `/runs/${runId}/events`, options)) {
      if (item.kind === "end") break;
      const { event } = item;
      first ??= Date.parse(event.time);
      startedAt = first;
      ({ phase } = event.data);
      if (screen.json) screen.printJson({ kind: "event", event });
      else screen.note(describeEvent(event, { paint: screen.paintNote, first }));
      if (isTerminal(event.data.phase)) end = { phase: event.data.phase, failure: event.data.failure };
    }
  }).finally(() => screen.progress(undefined));
  return end;
}

async function showLog(runId: string, { client, screen }: Context, options: StreamOptions): Promise<void> {
  const margin = `  ${screen.paintNote("dim", "│")} `;
  const colour = screen.paintNote("dim", "") !== "";
  const lines = createLineWriter({ colour, writeLine: (line) => screen.note(margin + line) });
  await unlessUnknown(async () => {
    for await (const item of followLog(client, runId, options)) {
      if (item.kind === "end") break;
      if (screen.json) screen.printJson({ kind: "log", ...item.line });
      else {
        if (item.line.gap !== undefined) screen.note(describeGap(item.line.gap, screen.paintNote));
        lines.push(item.line.text);
      }
    }
  });
  lines.end();
}

/** A server that knows no such run, or has no such routes, is no reason not to wait for the result. */
async function unlessUnknown(show: () => Promise<void>): Promise<void> {
  try {
    await show();
  } catch (error) {
    if (!(error instanceof Stop) || error.exitCode !== 1) throw error;
  }
}

type Paint = Context["screen"]["paint"];

const marks: Readonly<Record<string, (paint: Paint) => string>> = {
  succeeded: (paint) => paint("green", "✔"),
  failed: (paint) => paint("red", "✘"),
  cancelled: (paint) => paint("yellow", "■"),
};

/** One event as a line: what happened, and how long after the run was asked for. */
function describeEvent({ time, type, data }: SeenEvent, { paint, first }: { paint: Paint; first: number }): string {
  const after = paint("dim", `+${describeDuration(Date.parse(time) - first)}`);
  if (data.warning !== undefined) return `${paint("yellow", "!")} ${cleanLine(data.warning)} ${after}`;
  const mark = (marks[data.phase] ?? ((paint) => paint("cyan", "●")))(paint);
  const what = type.startsWith("run.adopted.") ? "taken over" : data.phase;
  const details = [
    data.agent === undefined ? "" : `by ${data.agent}`,
    data.commit === undefined ? "" : `commit ${data.commit.slice(0, 12)}`,
  ];
  return [mark, what, ...details.filter(Boolean).map((text) => paint("dim", cleanLine(text))), after].join(" ");
}

export function describeGap(gap: { bytes?: number | undefined; reason: string }, paint: Paint): string {
  const amount = gap.bytes === undefined ? "A part" : `${gap.bytes} bytes`;
  return paint("yellow", `… ${amount} of the log are missing here: ${cleanLine(gap.reason)}`);
}
