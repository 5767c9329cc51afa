/**
 * The final status of a run, in a file that is either there and whole or not there. What it holds may be secret; it lies
 * in a private directory until the run is removed.
 */
import { open, readFile, rename, writeFile } from "node:fs/promises";
import * as v from "valibot";
import { decodeMessage, encodeMessage } from "../../src/contract/decode.ts";
import { Outputs } from "../../src/contract/outputs.ts";
import { succeed, type Result } from "../../src/contract/result.ts";
import type { Ended, EndCause } from "../launch/launcher.ts";
import { getErrorCode, LiveStatus } from "./protocol.ts";

const Cause = v.variant("kind", [
  v.object({ kind: v.literal("exited"), exitCode: v.number() }),
  v.object({ kind: v.literal("signalled"), signal: v.string() }),
  v.object({ kind: v.literal("unchanged") }),
  v.object({
    kind: v.picklist(["setup-failed", "start-failed", "out-of-memory", "deadline", "lost"]),
    message: v.string(),
  }),
]);

const Collected = v.object({
  outputs: v.variant("ok", [
    v.object({ ok: v.literal(true), value: Outputs }),
    v.object({ ok: v.literal(false), problem: v.string() }),
  ]),
  errorText: v.string(),
  errorBytes: v.number(),
});

/** What main printed and couldn't be kept, all of it behind the log's end. */
const LogGap = v.object({ bytes: v.number(), reason: v.string() });
export type LogGap = v.InferOutput<typeof LogGap>;

const EndedFile = v.object({
  ended: v.object({
    kind: v.literal("ended"),
    cause: Cause,
    collected: v.exactOptional(Collected),
    commit: v.exactOptional(v.string()),
    stopped: v.exactOptional(v.boolean()),
  }),
  logGap: v.exactOptional(LogGap),
  stages: v.exactOptional(v.array(LiveStatus)),
});
export type EndedFile = {
  readonly ended: Ended;
  readonly logGap?: LogGap;
  /** What the run went through before, for whoever comes too late to have watched it. */
  readonly stages?: readonly LiveStatus[];
};

/** One block of a file system: enough for a final status without what was collected. */
const reservedBytes = 4096;

function getDraftPath(path: string): string {
  return `${path}.draft`;
}

/** Takes the room that the reason of a failure needs, before a disk is full. */
export async function reserveEndedFile(path: string): Promise<void> {
  await writeFile(getDraftPath(path), Buffer.alloc(reservedBytes, " "), { mode: 0o600 });
}

/**
 * Writes the final status. If what was collected doesn't fit on the disk, the run is lost, with that reason; it is
 * written over the room that was reserved. Rejects when even that fails.
 */
export async function writeEndedFile(path: string, content: EndedFile): Promise<void> {
  const whole = `${path}.whole`;
  try {
    await writeFile(whole, encodeMessage(content), { mode: 0o600 });
    await rename(whole, path);
  } catch (error) {
    await overwriteDraft(getDraftPath(path), explainLoss(content, error));
    await rename(getDraftPath(path), path);
  }
}

async function overwriteDraft(draft: string, content: EndedFile): Promise<void> {
  const bytes = encodeMessage(content);
  const file = await open(draft, "r+");
  try {
    await file.write(Buffer.concat([bytes, Buffer.alloc(Math.max(reservedBytes - bytes.length, 0), " ")]), 0);
  } finally {
    await file.close();
  }
}

function explainLoss({ ended, logGap }: EndedFile, error: unknown): EndedFile {
  const reason = getErrorCode(error) || String(error);
  const message = `Cannot write the result of the run to the disk: ${reason} (${describeCause(ended.cause)})`;
  return { ended: { kind: "ended", cause: { kind: "lost", message } }, ...(logGap === undefined ? {} : { logGap }) };
}

function describeCause(cause: EndCause): string {
  if (cause.kind === "exited") return `main had exited with code ${cause.exitCode}`;
  if (cause.kind === "signalled") return `main had been ended by ${cause.signal}`;
  return `it had ended with: ${cause.kind}`;
}

/** Reads the final status; undefined while there is none, a refusal when it can't be read. */
export async function readEndedFile(path: string): Promise<Result<EndedFile> | undefined> {
  const bytes = await readIfPresent(path);
  if (bytes === undefined) return undefined;
  const decoded = decodeMessage(EndedFile, bytes);
  return decoded.ok ? succeed(decoded.value) : decoded;
}

async function readIfPresent(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (getErrorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}
