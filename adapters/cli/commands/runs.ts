/** `runs`: which runs there are, newest first. */
import { RunList, runListLimits, type RunSummary } from "../../../src/contract/runs-api/run-summary.ts";
import type { Context } from "../context.ts";
import { exitCodes, Stop, type ExitCode } from "../exit-codes.ts";
import { describeDuration } from "../../../src/runs/words/describe-duration.ts";
import { parseSince } from "../terminal/durations.ts";
import { cleanLine } from "../../../src/runs/words/safe-text.ts";
import { formatTable } from "../terminal/table.ts";
import { colourOf } from "./status-colours.ts";

export interface RunsOptions {
  readonly cluster?: string;
  readonly driver?: string;
  readonly guresid?: string;
  readonly status?: string;
  readonly since?: string;
  readonly limit: string;
}

export async function showRuns(options: RunsOptions, context: Context): Promise<ExitCode> {
  const { screen } = context;
  const list = await readRuns(options, context);
  if (screen.json) screen.printJson(list);
  else showTable(list.runs, context);
  if (list.unreachable !== undefined)
    screen.note(screen.paintNote("yellow", `Not asked, as they can't be reached: ${list.unreachable.join(", ")}`));
  if (list.behind !== undefined)
    screen.note(screen.paintNote("yellow", `Not looked through to their first run: ${list.behind.join(", ")}`));
  if (list.next !== undefined && !screen.json)
    screen.note(screen.paintNote("dim", "There are older ones: --limit shows more"));
  return exitCodes.succeeded;
}

/** Pages until there are enough: a page may have few runs and yet not be the last. */
async function readRuns(
  { limit, since, ...filters }: RunsOptions,
  { client, signal, screen, now }: Context,
): Promise<RunList> {
  const wanted = parseLimit(limit);
  const from = since === undefined ? undefined : parseSince(since, now());
  if (from?.ok === false) throw new Stop("usage", `Cannot use --since: ${from.problem}`);
  const { cluster, driver, guresid, status } = filters;
  const query = { cluster, driver, guresid, status, since: from?.value };
  const runs: RunSummary[] = [];
  const unreachable = new Set<string>();
  let next: string | undefined;
  let behind: RunList["behind"];
  try {
    do {
      screen.progress(() => `${runs.length} runs`);
      const page = String(Math.min(wanted - runs.length, runListLimits.most));
      const list = await client.read(RunList, {
        path: "/runs",
        query: { ...query, limit: page, cursor: next },
        signal,
      });
      runs.push(...list.runs);
      for (const name of list.unreachable ?? []) unreachable.add(name);
      ({ next, behind } = list);
    } while (next !== undefined && runs.length < wanted);
  } finally {
    screen.progress(undefined);
  }
  return {
    runs,
    ...(next === undefined ? {} : { next }),
    ...(unreachable.size === 0 ? {} : { unreachable: [...unreachable] }),
    ...(behind === undefined ? {} : { behind }),
  };
}

function parseLimit(text: string): number {
  const limit = Number(text);
  if (Number.isInteger(limit) && limit >= 1 && limit <= 1_000_000) return limit;
  throw new Stop("usage", `Cannot use --limit ${JSON.stringify(text)}: it must be a whole number from 1 to 1000000`);
}

const header = ["ID", "STATUS", "REQUESTED", "TOOK", "CLUSTER", "RESOURCE", "TYPE", "ACTION", "REASON"];

function showTable(runs: readonly RunSummary[], { screen, now }: Context): void {
  if (runs.length === 0) return screen.note("There are no such runs");
  const rows = runs.map((run) => toCells(run, now()).map(cleanLine));
  const [head = "", ...lines] = formatTable(header, rows);
  screen.print(screen.paint("bold", head));
  for (const [index, line] of lines.entries()) {
    const status = runs[index]?.status ?? "";
    // Where the word stands, behind the id: the same word may be a resource's.
    const start = 28;
    const colour = colourOf(status);
    const painted = colour === undefined ? status : screen.paint(colour, status);
    screen.print(line.slice(0, start) + painted + line.slice(start + status.length));
  }
}

function toCells(run: RunSummary, now: Date): string[] {
  const requested = Date.parse(run.requestedAt);
  const end = run.endedAt === undefined ? now.getTime() : Date.parse(run.endedAt);
  return [
    run.id,
    run.status,
    `${describeDuration(now.getTime() - requested)} ago`,
    describeDuration(end - requested),
    run.cluster,
    run.driver === "container" ? run.guresid : `${run.driver}/${run.guresid}`,
    run.type,
    run.action,
    run.reason ?? "",
  ];
}
