/** From what a request comes to, to what HTTP says of it (driver API). */
import type { Context } from "hono";
import { buildOutputData, type AsyncProgressHint } from "../contract/driver-api/answers.ts";
import { runHeader } from "../contract/driver-api/headers.ts";
import { stringifyJson } from "../contract/json.ts";
import type { ResourceAddress } from "../contract/run.ts";
import { respondWithError } from "../errors.ts";
import type { LastRun } from "./record.ts";
import type { Answer } from "./resources.ts";

export function respond(c: Context, answer: Answer, { guresid, now }: ResourceAddress & { now: Date }): Response {
  if ("run" in answer) c.header(runHeader, answer.run.runId);
  switch (answer.kind) {
    case "outputs":
      return c.body(stringifyJson(buildOutputData(guresid, answer.type, answer.outputs)), 200, {
        "Content-Type": "application/json",
      });
    case "progress":
    case "busy":
      c.header("Retry-After", String(suggestRetry(answer.run, now)));
      return c.json(buildHint(answer, now), answer.kind === "busy" ? 409 : 202);
    case "failure":
      return respondWithError(c, "RES-101", answer.failure.message);
    case "refused":
      return respondWithError(c, answer.code, answer.problem);
    case "gone":
      return c.body(null, 204);
    case "unknown":
      return respondWithError(
        c,
        "RES-102",
        `There is no resource ${guresid}: nothing has been put here, or it was deleted`,
      );
  }
}

function buildHint(answer: Answer & { kind: "progress" | "busy" }, now: Date): AsyncProgressHint {
  const { run, timeoutSeconds, waiting } = answer;
  const status = run.action === "destroy" ? "deleting" : run.update ? "updating" : "creating";
  const timeout = new Date(Date.parse(run.requestedAt) + timeoutSeconds * 1000).toISOString();
  const message = `cluster ${run.cluster} has no agent just now: the run is queued until one is there`;
  return { status, current_time: now.toISOString(), timeout, ...(waiting ? { message } : {}) };
}

/** Seconds: soon for a run that has just begun, less often the longer it lasts. */
function suggestRetry({ requestedAt }: LastRun, now: Date): number {
  const age = (now.getTime() - Date.parse(requestedAt)) / 1000;
  return age < 10 ? 1 : age < 60 ? 3 : 10;
}
