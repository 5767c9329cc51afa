/** `cancel`: asks for a run to be stopped. */
import { check } from "../../../src/contract/decode.ts";
import { CancelAnswer } from "../../../src/contract/runs-api/cancel-answer.ts";
import { readJson, readProblem, toStop } from "../api/client.ts";
import { createReconnection } from "../api/reconnection.ts";
import type { Context } from "../context.ts";
import { exitCodes, Stop, type ExitCode } from "../exit-codes.ts";
import { checkRunId } from "./run-id.ts";
import { watchRun } from "./watch-run.ts";

export interface CancelOptions {
  readonly wait?: boolean;
}

/** 0 when it was asked for, or with `--wait` when the run was cancelled; 1 when it has ended in another way. */
export async function cancel(text: string, { wait = false }: CancelOptions, context: Context): Promise<ExitCode> {
  const { client, screen, signal } = context;
  const runId = checkRunId(text);
  const response = await client.send({ method: "POST", path: `/runs/${runId}/cancel`, signal });
  if (response.status === 409) throw new Stop("failed", await readProblem(response));
  if (response.status !== 202) throw await toStop(response, client.url);
  const answer = check(CancelAnswer, await readJson(response));
  if (!answer.ok) throw new Stop("failed", `Cannot read what ${client.url} answered: ${answer.problem}`);
  if (!wait) {
    if (screen.json) screen.printJson(answer.value);
    else screen.print(`Run ${runId} is asked to stop; it is ${answer.value.status} now`);
    return exitCodes.succeeded;
  }
  const reconnection = createReconnection({ note: screen.note, signal });
  reconnection.connected();
  const end = await watchRun(runId, context, reconnection);
  if (screen.json) screen.printJson({ id: runId, status: end?.phase });
  return end?.phase === "cancelled" ? exitCodes.succeeded : exitCodes.failed;
}
