/** `explain`: what became of a run and why, with the reason on top. */
import { RunDetails } from "../../../src/contract/runs-api/run-details.ts";
import { createReconnection } from "../api/reconnection.ts";
import { followLog } from "../api/run-streams.ts";
import type { Context } from "../context.ts";
import { exitCodes, Stop, type ExitCode } from "../exit-codes.ts";
import { listStages } from "../../../src/runs/list-stages.ts";
import { describeDuration } from "../../../src/runs/words/describe-duration.ts";
import { cleanLine, cleanText } from "../../../src/runs/words/safe-text.ts";
import { adviseOn } from "../../../src/runs/words/advice.ts";
import { checkRunId } from "./run-id.ts";
import { colourOf } from "./status-colours.ts";

const tailLines = "20";

export async function explain(text: string, context: Context): Promise<ExitCode> {
  const { client, screen, signal } = context;
  const runId = checkRunId(text);
  const run = await client.read(RunDetails, { path: `/runs/${runId}`, signal });
  const log = await readTail(runId, context);
  const advice = run.failure === undefined ? undefined : adviseOn(run.failure.reason);
  if (screen.json) screen.printJson({ ...run, ...(advice === undefined ? {} : { advice }), logTail: log });
  else {
    showHead(run, context);
    if (run.failure !== undefined) showFailure(run.failure, advice, context);
    showTimeline(run, context);
    showRest(run, log, context);
  }
  return exitCodes.succeeded;
}

/** The log's end; a run without one is explained all the same. */
async function readTail(runId: string, { client, screen, signal }: Context): Promise<string> {
  const options = {
    live: false,
    query: { follow: "false", tail: tailLines },
    reconnection: createReconnection({ note: screen.note, signal }),
    signal,
  };
  let text = "";
  try {
    for await (const item of followLog(client, runId, options)) if (item.kind === "log") text += item.line.text;
  } catch (error) {
    if (!(error instanceof Stop) || signal.aborted) throw error;
    screen.note(screen.paintNote("yellow", `The log can't be shown: ${cleanLine(error.message)}`));
  }
  return text;
}

function showHead(run: RunDetails, { screen: { print, paint } }: Context): void {
  const colour = colourOf(run.status);
  const status = colour === undefined ? run.status : paint(colour, run.status);
  print(`Run ${run.id} ${paint("bold", status)}`);
  const where = [`${run.action} ${run.driver}/${run.guresid} (${run.type})`, `on cluster ${run.cluster}`];
  if (run.agent !== undefined) where.push(`by ${run.agent}`);
  if (run.commit !== undefined) where.push(`at commit ${run.commit}`);
  print(cleanLine(where.join(" ")));
  if (run.waiting) print(paint("yellow", "It waits: the cluster has no agent just now"));
}

type Failure = NonNullable<RunDetails["failure"]>;

function showFailure(failure: Failure, advice: string | undefined, { screen: { print, paint } }: Context): void {
  print();
  print(paint("bold", `Why: ${cleanLine(failure.reason)}`));
  for (const line of cleanText(failure.message, { colour: false }).trim().split("\n")) print(`  ${line}`.trimEnd());
  for (const [name, value] of Object.entries(failure.evidence ?? {}))
    print(paint("dim", `  ${cleanLine(name)}: ${cleanLine(String(value))}`));
  if (advice === undefined) return;
  print();
  print(`${paint("bold", "What to do:")} ${advice}`);
}

/** Words for what a run waits for in each stage. */
const meanings: Readonly<Record<string, string>> = {
  requested: "queued",
  accepted: "taken by an agent",
  starting: "placed, image, setup",
  placing: "a node is found, the helpers' image pulled",
  setup: "git, files",
  "image-pull": "the container's image",
  running: "the container itself",
  collecting: "outputs are read",
};

function showTimeline(run: RunDetails, { screen: { print, paint }, now }: Context): void {
  const begun = Date.parse(run.requestedAt);
  print();
  print(paint("bold", "Timeline"));
  const stages = listStages(run);
  for (const [index, { stage, startedAt, milliseconds }] of stages.entries()) {
    const after = `+${describeDuration(Date.parse(startedAt) - begun)}`.padStart(14);
    const isLast = index === stages.length - 1;
    const ended = colourOf(stage) !== undefined;
    const lasted = milliseconds ?? (isLast && !ended ? now().getTime() - Date.parse(startedAt) : undefined);
    const took = lasted === undefined ? "" : describeDuration(lasted).padEnd(12);
    print(`${after}  ${stage.padEnd(10)}  ${took}${paint("dim", meanings[stage] ?? "")}`.trimEnd());
  }
}

function showRest(
  { warnings, unlistedWarnings: more, outputs, id, failure }: RunDetails,
  log: string,
  { screen }: Context,
): void {
  const { print, paint } = screen;
  if (warnings.length > 0) print(`\n${paint("bold", "Warnings")}`);
  for (const { message } of warnings) print(`  ${paint("yellow", "!")} ${cleanLine(message)}`);
  if (more !== undefined) print(`  ${paint("yellow", "!")} and ${more} more`);
  if (outputs !== undefined) {
    const names = [...outputs.values, ...outputs.secrets.map((name) => `${name} (secret)`)];
    print(`\n${paint("bold", "Outputs")}  ${names.map(cleanLine).join(", ") || "none"}`);
  }
  const lines = cleanText(log, { colour: screen.colour }).trimEnd();
  // With append_logs_to_error it stands in the message already.
  if (lines !== "" && failure?.message.includes(log.trimEnd()) === true) return;
  if (lines === "") return print(`\n${paint("dim", "It printed nothing")}`);
  print(`\n${paint("bold", "End of the log")} ${paint("dim", `(all of it: container-driver logs ${id})`)}`);
  for (const line of lines.split("\n")) print(`  ${line}`);
}
