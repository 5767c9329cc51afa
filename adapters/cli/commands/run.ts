/** `run`: what an orchestrator does with a resource, in front of somebody's eyes. */
import { pause } from "../../../src/bus/pause.ts";
import { check } from "../../../src/contract/decode.ts";
import { AsyncProgressHint, DriverError } from "../../../src/contract/driver-api/answers.ts";
import { runHeader } from "../../../src/contract/driver-api/headers.ts";
import { readJson, toStop, type Call } from "../api/client.ts";
import { createReconnection, type Reconnection } from "../api/reconnection.ts";
import type { Context } from "../context.ts";
import { Stop, type ExitCode } from "../exit-codes.ts";
import { deriveGuresid, readRequestFile } from "../request-file.ts";
import { cleanLine, cleanText } from "../../../src/runs/words/safe-text.ts";
import { conclude } from "./conclude.ts";
import { createFollowing, type Following } from "./following.ts";

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
      guresid: target.guresid,
      showSecrets: options.showSecrets === true,
      context,
      followed: following.runId() !== undefined,
      end: await following.finish(),
    });
  } catch (error) {
    if (context.signal.aborted) sayWhatGoesOn(following.runId(), context);
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

interface Settling {
  readonly context: Context;
  readonly reconnection: Reconnection;
  readonly following: Following;
}

/** Repeats the request until it is settled, as the driver API has it. */
async function settle(target: Target, { context, reconnection, following }: Settling): Promise<Response> {
  const { client, signal } = context;
  let asked = 0;
  let triedAgain = false;
  let hint: string | undefined;
  for (;;) {
    try {
      // The first answer says which run it is; from then on answers are held.
      const headers = {
        "Content-Type": "application/json",
        ...(asked === 0 ? { Prefer: "wait=0" } : { Prefer: "wait=20" }),
      };
      const sent = performance.now();
      const response = await client.send({ ...target, headers, signal });
      if (response.status >= 500 || response.status === 429) throw await toStop(response, client.url);
      reconnection.connected();
      const runId = response.headers.get(runHeader);
      if (response.status === 202) {
        if (runId !== null) following.show(runId);
        hint = await sayHint(response, context, hint);
        // A server that does not hold its answers is not asked more often than it likes.
        if (asked++ > 0 && performance.now() - sent < 1000) await pause(readRetryAfter(response), signal);
      } else if (response.status === 400 && asked === 0 && !triedAgain && runId !== null) {
        await sayOldFailure(response, context, runId);
        triedAgain = true;
      } else return response;
    } catch (error) {
      await reconnection.lost(error);
    }
  }
}

/** Milliseconds; a second where the server says nothing that can be read. */
function readRetryAfter(response: Response): number {
  const seconds = Number(response.headers.get("Retry-After") ?? 1);
  return 1000 * (seconds > 0 && seconds <= 60 ? seconds : 1);
}

/** Says why nothing happens yet, once for each reason; returns it. */
async function sayHint(response: Response, { screen }: Context, said: string | undefined): Promise<string | undefined> {
  const answer = check(AsyncProgressHint, await readJson(response));
  const message = answer.ok ? answer.value.message : undefined;
  if (message !== undefined && message !== said) screen.note(screen.paintNote("yellow", cleanLine(message)));
  return message;
}

/** A failure is told once: the first answer may be about a run that ended before this command. */
async function sayOldFailure(response: Response, { screen }: Context, runId: string): Promise<void> {
  const error = check(DriverError, await readJson(response));
  const message = error.ok ? cleanText(error.value.message, { colour: false }) : "";
  screen.note(
    screen.paintNote("dim", `Run ${runId} of before has failed, which nobody was told: ${message}\nTrying again`),
  );
}

function sayWhatGoesOn(runId: string | undefined, { screen }: Context): void {
  if (runId === undefined) return screen.note("Interrupted before the server had answered: a run may have begun");
  screen.note(
    `Run ${runId} goes on. See it again: container-driver logs -f ${runId}. Stop it: container-driver cancel ${runId}`,
  );
}
