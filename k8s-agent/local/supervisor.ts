/**
 * The local counterpart of a pod: one process for each run, which outlives the agent that started it. Told what to do on
 * stdin (spec.ts), says on stdout whether it has claimed the run, is asked and watched over the run's socket
 * (protocol.ts), and leaves the final status in a file (ended-file.ts). Its only argument, and its working directory, is the run's directory.
 *
 * There is one for every run, so it imports little.
 */
import { writeSync } from "node:fs";
import { basename } from "node:path";
import { flushCompileCache } from "node:module";
import { decodeMessage } from "../../src/contract/decode.ts";
import { limits } from "../../src/contract/limits.ts";
import { collectFiles } from "../sidecar/collector/collect-files.ts";
import { setUp } from "../sidecar/setup/set-up.ts";
import { claimRun, type Claim } from "./claim.ts";
import { reserveEndedFile, writeEndedFile, type EndedFile } from "./ended-file.ts";
import { buildMainMarks } from "./marks.ts";
import { endProcesses } from "./processes.ts";
import { isClosed } from "./protocol.ts";
import { getRunFilesIn, type RunFiles } from "./runs-directory.ts";
import { SupervisorSpec } from "./spec.ts";
import { supervise } from "./supervise.ts";
import { createTermination, type Termination } from "./termination.ts";

const now = () => new Date();

await main(getRunFilesIn(process.argv[2] ?? process.cwd()));

async function main(files: RunFiles): Promise<void> {
  const spec = decodeMessage(SupervisorSpec, await readAll(process.stdin));
  if (!spec.ok) throw new Error(`Cannot supervise the run: what it was told is ${spec.problem}`);
  const termination = createTermination({ onError: console.error });
  const startedAt = now().toISOString();
  const claim = await claimRun({
    socket: basename(files.socket),
    startedAt,
    onStop: (graceSeconds) => termination.stop(graceSeconds),
  });
  answer(claim === undefined ? "taken" : "claimed");
  if (claim === undefined) return;
  flushCompileCache();
  await carryOut(spec.value, { files, claim, termination, startedAt });
}

async function readAll(stream: NodeJS.ReadStream): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function answer(word: "claimed" | "taken"): void {
  try {
    writeSync(1, `${word}\n`);
  } catch (error) {
    // The agent died meanwhile: another one will find the run by its claim.
    if (!isClosed(error)) throw error;
  }
}

interface Parts {
  readonly files: RunFiles;
  readonly claim: Claim;
  readonly termination: Termination;
  readonly startedAt: string;
}

async function carryOut(spec: SupervisorSpec, { files, claim, termination, startedAt }: Parts): Promise<void> {
  await reserveEndedFile(files.ended);
  // The machine is going down, or somebody has had enough: main gets its chance to end well.
  process.on("SIGTERM", () => termination.stop(spec.graceSeconds));
  const deadline = startBackstop(spec, termination);
  const { ended, ...more } = await superviseWhole(spec, { files, claim, termination, startedAt });
  // Nobody can ask a main that has ended (termination.ts).
  const content = { ended: { ...ended, stopped: termination.requested }, ...more, stages: claim.stages };
  clearTimeout(deadline.timer);
  await writeEndedFile(files.ended, deadline.passed ? toDeadline(content, spec) : content);
  claim.close();
}

/** Trouble with the machine ends the run, and nothing of it goes on unwatched. */
async function superviseWhole(spec: SupervisorSpec, parts: Parts): Promise<EndedFile> {
  try {
    return await supervise(spec, { ...parts, now, setUp, collectFiles });
  } catch (error) {
    console.error(error);
    await endProcesses({ environment: buildMainMarks(parts.files), group: undefined }, 0);
    const message = `Cannot carry on the run: ${error instanceof Error ? error.message : String(error)}`;
    return { ended: { kind: "ended", cause: { kind: "lost", message } } };
  }
}

function getTimeout(spec: SupervisorSpec): number {
  return spec.inputs.values.timeout ?? limits.defaultTimeoutSeconds;
}

function startBackstop(spec: SupervisorSpec, termination: Termination) {
  const backstop = {
    passed: false,
    timer: setTimeout(
      () => {
        const asked = termination.requested;
        termination.stop(spec.graceSeconds);
        backstop.passed = !asked && termination.requested;
      },
      (getTimeout(spec) + spec.backstopSeconds) * 1000,
    ),
  };
  return backstop;
}

function toDeadline({ ended, ...more }: EndedFile, spec: SupervisorSpec): EndedFile {
  const message = `Cannot finish the run: it was stopped ${spec.backstopSeconds} seconds after its timeout of ${getTimeout(spec)} seconds`;
  return { ended: { ...ended, cause: { kind: "deadline", message } }, ...more };
}
