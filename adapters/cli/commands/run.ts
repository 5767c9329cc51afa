/** `run`: what an orchestrator does with a resource, in front of somebody's eyes. */
import { check } from "../../../src/contract/decode.ts";
import { DriverError, OutputData } from "../../../src/contract/driver-api/answers.ts";
import { runHeader } from "../../../src/contract/driver-api/headers.ts";
import { readJson, toStop, Unreachable, type Call } from "../api/client.ts";
import { createReconnection, type Reconnection } from "../api/reconnection.ts";
import type { Context } from "../context.ts";
import { exitCodes, Stop, type ExitCode } from "../exit-codes.ts";
import { deriveGuresid, readRequestFile } from "../request-file.ts";
import { cleanText } from "../terminal/safe-text.ts";
import { showOutputs, toJsonOutputs } from "./show-outputs.ts";
import { watchRun, type RunEnd } from "./watch-run.ts";

export interface RunOptions {
  readonly file?: string;
  readonly guresid?: string;
  readonly driver: string;
  readonly destroy?: boolean;
  readonly showSecrets?: boolean;
}

/** Where the resource is, and how its desired state is asked for. */
type Target = Pick<Call, "method" | "path" | "body"> & { readonly guresid: string };

export async function run(options: RunOptions, context: Context): Promise<ExitCode> {
  const target = await readTarget(options);
  const { screen } = context;
  if (options.guresid === undefined) screen.note(screen.paintNote("dim", `Resource ${target.guresid}`));
  const reconnection = createReconnection({ note: screen.note, signal: context.signal });
  const following = createFollowing(context, reconnection);
  try {
    const answer = await settle(target, { context, reconnection, following });
    return await conclude(answer, {
      target,
      options,
      context,
      followed: following.runId() !== undefined,
      end: await following.finish(),
    });
  } catch (error) {
    if (context.signal.aborted && following.runId() !== undefined) sayThatItGoesOn(following.runId() ?? "", context);
    throw error;
  } finally {
    following.stop();
  }
}

async function readTarget({ file, guresid, driver, destroy = false }: RunOptions): Promise<Target> {
  if (file === undefined && !(destroy && guresid !== undefined))
    throw new Stop("usage", "Cannot send a request: give it with -f <file>, or --destroy with --guresid");
  if (guresid === undefined && (file === undefined || file === "-"))
    throw new Stop("usage", "Cannot name the resource: a request from standard input needs --guresid");
  const name = guresid ?? deriveGuresid(file ?? "");
  const path = `/drivers/${encodeURIComponent(driver)}/${encodeURIComponent(name)}`;
  // Destroy has no body: the driver has kept what it needs.
  if (destroy || file === undefined) return { method: "DELETE", path, guresid: name };
  const body = await readRequestFile(file);
  if (!body.ok) throw new Stop("usage", body.problem);
  return { method: "PUT", path, body: body.value, guresid: name };
}

interface Following {
  /** Shows this run from now on, if it isn't shown already. */
  show(runId: string): void;
  runId(): string | undefined;
  /** Waits, but not for long, until everything of the run has been shown. */
  finish(): Promise<RunEnd | undefined>;
  stop(): void;
}

/** The result is there: what is still to be seen of the run comes soon or not at all. */
const finishMilliseconds = 10_000;

function createFollowing(context: Context, reconnection: Reconnection): Following {
  let shown: { runId: string; end: Promise<RunEnd | undefined> } | undefined;
  const stopping = new AbortController();
  const signal = AbortSignal.any([context.signal, stopping.signal]);
  return {
    show(runId) {
      if (shown?.runId === runId) return;
      if (shown !== undefined)
        context.screen.note(`Run ${shown.runId} has ended, and another caller was told how; run ${runId} has begun`);
      if (context.screen.json) context.screen.printJson({ kind: "run", id: runId });
      else context.screen.note(`Run ${runId}`);
      // What can't be shown doesn't end the command: its result still counts.
      shown = { runId, end: watchRun(runId, { ...context, signal }, reconnection).catch(() => undefined) };
    },
    runId: () => shown?.runId,
    async finish() {
      const timer = setTimeout(() => stopping.abort(), finishMilliseconds);
      const end = await shown?.end;
      clearTimeout(timer);
      return end;
    },
    stop: () => stopping.abort(),
  };
}

interface Settling {
  readonly context: Context;
  readonly reconnection: Reconnection;
  readonly following: Following;
}

/** Repeats the request until it is settled, as the driver API has it. */
async function settle(target: Target, { context, reconnection, following }: Settling): Promise<Response> {
  const { client, signal } = context;
  let asked = 0;
  for (;;) {
    try {
      // The first answer says which run it is; from then on answers are held.
      const headers = {
        "Content-Type": "application/json",
        ...(asked === 0 ? { Prefer: "wait=0" } : { Prefer: "wait=20" }),
      };
      const response = await client.send({ ...target, headers, signal });
      if (response.status >= 500 || response.status === 429) throw await toStop(response, client.url);
      reconnection.connected();
      const runId = response.headers.get(runHeader);
      if (response.status === 202) {
        if (runId !== null) following.show(runId);
        await response.body?.cancel();
        asked++;
      } else if (response.status === 400 && asked === 0 && runId !== null) {
        await sayOldFailure(response, context, runId);
        asked++;
      } else return response;
    } catch (error) {
      await reconnection.lost(error);
    }
  }
}

/** A failure is told once: the first answer may be about a run that ended before this command. */
async function sayOldFailure(response: Response, { screen }: Context, runId: string): Promise<void> {
  const error = check(DriverError, await readJson(response));
  const message = error.ok ? cleanText(error.value.message, { colour: false }) : "";
  screen.note(
    screen.paintNote("dim", `Run ${runId} of before has failed, which nobody was told: ${message}\nTrying again`),
  );
}

interface Conclusion {
  readonly target: Target;
  readonly options: RunOptions;
  readonly context: Context;
  /** Whether there was a run to wait for. */
  readonly followed: boolean;
  readonly end: RunEnd | undefined;
}

async function conclude(
  response: Response,
  { target, options, context, followed, end }: Conclusion,
): Promise<ExitCode> {
  const { screen } = context;
  const runId = response.headers.get(runHeader) ?? undefined;
  const about = { kind: "result", guresid: target.guresid, ...(runId === undefined ? {} : { run: runId }) };
  const showSecrets = options.showSecrets === true;
  switch (response.status) {
    case 200: {
      const data = check(OutputData, await readJson(response));
      if (!data.ok) throw new Stop("failed", `Cannot read the outputs: ${data.problem}`);
      if (!followed) screen.note(screen.paintNote("dim", "The resource is as wanted already: nothing was run"));
      if (screen.json)
        screen.printJson({ ...about, status: "succeeded", outputs: toJsonOutputs(data.value, { showSecrets }) });
      else showOutputs(data.value, screen, { showSecrets });
      return exitCodes.succeeded;
    }
    case 204:
      if (screen.json) screen.printJson({ ...about, status: "succeeded" });
      else screen.note(`Resource ${target.guresid} is gone`);
      return exitCodes.succeeded;
    case 409:
      throw new Stop(
        "failed",
        `Cannot start a run: run ${runId} is under way for this resource, which wants something else. Wait for it, or cancel it: container-driver cancel ${runId}`,
      );
    default: {
      const error = check(DriverError, await readJson(response));
      if (!error.ok) throw new Unreachable(`${context.client.url} answered ${response.status}: ${error.problem}`);
      const { message } = error.value;
      const status = end?.phase ?? "failed";
      if (screen.json) screen.printJson({ ...about, status, error: { ...error.value, ...pickReason(end) } });
      else screen.note(`${screen.paintNote("red", status)}: ${cleanText(message, { colour: false })}`);
      if (runId !== undefined && !screen.json)
        screen.note(screen.paintNote("dim", `container-driver explain ${runId}`));
      return exitCodes.failed;
    }
  }
}

function pickReason(end: RunEnd | undefined): { reason?: string } {
  return end?.failure === undefined ? {} : { reason: end.failure.reason };
}

function sayThatItGoesOn(runId: string, { screen }: Context): void {
  screen.note(
    `Run ${runId} goes on. See it again: container-driver logs -f ${runId}. Stop it: container-driver cancel ${runId}`,
  );
}
