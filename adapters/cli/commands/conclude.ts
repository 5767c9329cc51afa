/** How a request was settled, said to people or to programs, and as an exit code. */
import { check } from "../../../src/contract/decode.ts";
import { DriverError, OutputData } from "../../../src/contract/driver-api/answers.ts";
import { runHeader } from "../../../src/contract/driver-api/headers.ts";
import { isWrongUsage, readJson, Unreachable } from "../api/client.ts";
import type { Context } from "../context.ts";
import { exitCodes, Stop, type ExitCode } from "../exit-codes.ts";
import { cleanText } from "../../../src/runs/words/safe-text.ts";
import { showOutputs, toJsonOutputs } from "./show-outputs.ts";
import type { RunEnd } from "./watch-run.ts";

export interface Conclusion {
  readonly guresid: string;
  readonly showSecrets: boolean;
  readonly context: Context;
  /** Whether there was a run to wait for. */
  readonly followed: boolean;
  readonly end: RunEnd | undefined;
}

export async function conclude(
  response: Response,
  { guresid, showSecrets, context, followed, end }: Conclusion,
): Promise<ExitCode> {
  const { screen } = context;
  const runId = response.headers.get(runHeader) ?? undefined;
  const about = { kind: "result", guresid, ...(runId === undefined ? {} : { run: runId }) };
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
      else screen.note(`Resource ${guresid} is gone`);
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
      else if (runId === undefined) screen.note(cleanText(message, { colour: false }));
      else screen.note(`${screen.paintNote("red", status)}: ${cleanText(message, { colour: false })}`);
      if (runId !== undefined && !screen.json)
        screen.note(screen.paintNote("dim", `container-driver explain ${runId}`));
      return runId === undefined && isWrongUsage(error.value.error) ? exitCodes.usage : exitCodes.failed;
    }
  }
}

function pickReason(end: RunEnd | undefined): { reason?: string } {
  return end?.failure === undefined ? {} : { reason: end.failure.reason };
}
