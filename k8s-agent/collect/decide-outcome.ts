/** How a run ended, in the contract's words: pure, from what the launcher saw, main's files and the log's end. */
import type { RunResult } from "../../src/contract/events.ts";
import type { FailureReason } from "../../src/contract/errors.ts";
import { limits } from "../../src/contract/limits.ts";
import { noOutputs } from "../../src/contract/outputs.ts";
import type { Run } from "../../src/contract/run.ts";
import { fitErrorText } from "./fit-error-text.ts";
import type { EndCause, Ended, Evidence } from "../launch/launcher.ts";

export interface Facts {
  readonly run: Run;
  readonly ended: Ended;
  /** Why the agent itself has asked the run to stop; undefined when it has not. */
  readonly stopped: Stopped | undefined;
  /** The end of the log, redacted. */
  readonly log: { readonly lastLine: string; readonly tail: string };
}

export type Stopped = { readonly reason: "deadline" | "cancelled"; readonly message: string };

export function decideOutcome(facts: Facts): RunResult {
  const { ended } = facts;
  // Main's end is told only when its log is whole: whoever asked it to stop in between has stopped nothing.
  const stopped = ended.stopped === false ? undefined : facts.stopped;
  if (stopped?.reason === "cancelled") return decideCancelled(facts, stopped.message);
  if (stopped !== undefined) return fail(facts, stopped.reason, stopped.message, describeCause(ended.cause));
  return decideEnd(facts);
}

/**
 * A main that exits 0 has done what it was to do, by the contract, also when it was asked to stop: to call that cancelled
 * would disown what was made. Any other end counts as the one that was asked for.
 */
function decideCancelled(facts: Facts, message: string): RunResult {
  const end = decideEnd(facts);
  if (end.kind === "succeeded") return end;
  const evidence = describeCause(facts.ended.cause);
  return { kind: "cancelled", failure: { reason: "cancelled", message, evidence } };
}

/** How it ended by itself. */
function decideEnd(facts: Facts): RunResult {
  const { ended } = facts;
  const { cause } = ended;
  if (cause.kind === "exited" && cause.exitCode === 0) return decideSuccess(facts);
  if (cause.kind === "exited")
    return fail(facts, "exit-code", explainExit(facts, cause.exitCode), describeCause(cause));
  if (cause.kind === "signalled")
    return fail(facts, "signal", explainSignal(facts, cause.signal), describeCause(cause));
  if (cause.kind === "unchanged") {
    return { kind: "succeeded", outputs: noOutputs, unchanged: true, ...pickCommit(ended) };
  }
  return fail(facts, cause.kind, cause.message, cause.evidence);
}

/** Main exited 0. What it said in ERROR_FILE doesn't count; files that can't be read do, but on destroy nothing is read. */
function decideSuccess(facts: Facts): RunResult {
  const { run, ended } = facts;
  if (run.order.action === "destroy") return { kind: "succeeded", outputs: noOutputs };
  if (ended.collected === undefined)
    return fail(facts, "lost", "Cannot read the outputs: the container exited 0, but its files are gone");
  const { outputs } = ended.collected;
  if (!outputs.ok) return fail(facts, "outputs-invalid", `Cannot take the outputs: ${outputs.problem}`);
  return { kind: "succeeded", outputs: outputs.value, ...pickCommit(ended) };
}

function fail(facts: Facts, reason: FailureReason, message: string, evidence?: Evidence): RunResult {
  const failure = { reason, message: appendLog(facts, message), ...(evidence === undefined ? {} : { evidence }) };
  return { kind: "failed", failure };
}

/** The container's own words if it has written any; else its exit code and the last line it printed. */
function explainExit({ ended, log }: Facts, exitCode: number): string {
  return getOwnWords(ended) ?? withLastLine(`The container exited with code ${exitCode}`, log.lastLine);
}

function explainSignal({ ended, log }: Facts, signal: string): string {
  return getOwnWords(ended) ?? withLastLine(`The container was ended by ${signal}`, log.lastLine);
}

function getOwnWords({ collected }: Ended): string | undefined {
  if (collected === undefined || collected.errorText.trim() === "") return undefined;
  return fitErrorText(collected.errorText, { most: limits.errorTextBytes, size: collected.errorBytes }).trim();
}

function withLastLine(sentence: string, lastLine: string): string {
  return lastLine === "" ? `${sentence} and printed nothing` : `${sentence}; its last line was: ${lastLine}`;
}

/** `append_logs_to_error`: the log's tail behind the message, together within the limit of an error text. */
function appendLog({ run, log }: Facts, message: string): string {
  const title = "\n\nThe end of the log:\n";
  const append = run.inputs.values.append_logs_to_error === true && log.tail !== "";
  const room = limits.errorTextBytes - (append ? limits.logTailBytes + title.length : 0);
  const head = fitErrorText(message, { most: room });
  return append ? `${head}${title}${log.tail}` : head;
}

function describeCause(cause: EndCause): Evidence {
  if (cause.kind === "exited") return { exitCode: cause.exitCode };
  if (cause.kind === "signalled") return { signal: cause.signal };
  return "evidence" in cause ? cause.evidence : {};
}

function pickCommit({ commit }: Ended): { commit?: string } {
  return commit === undefined ? {} : { commit };
}
