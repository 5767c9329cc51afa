/** What a run's events and log say, from the bus itself. */
import { expect } from "vitest";
import type { Bus } from "../../src/bus/port.ts";
import { decodeMessage } from "../../src/contract/decode.ts";
import { isTerminal, RunEvent } from "../../src/contract/events.ts";
import { decodeLogChunk, type LogChunk } from "../../src/contract/log-chunk.ts";
import type { RunAddress } from "../../src/contract/names.ts";
import type { HttpAnswer } from "./http.ts";

const mostMilliseconds = 60_000;

/** The run that an answer is about. */
export function readRunId({ headers, status }: HttpAnswer): string {
  const runId = headers["container-driver-run"];
  if (typeof runId === "string") return runId;
  throw new Error(`Cannot tell which run an answer of ${status} is about`);
}

/** Every event of a run, up to and with the terminal one. */
export async function readEvents({ events }: Bus, address: RunAddress): Promise<RunEvent[]> {
  const found: RunEvent[] = [];
  for await (const { data } of events.follow(address, { after: 0, signal: AbortSignal.timeout(mostMilliseconds) })) {
    const event = decodeMessage(RunEvent, data);
    if (!event.ok) throw new Error(`Cannot read an event: ${event.problem}`);
    found.push(event.value);
    if (isTerminal(event.value.data.phase)) return found;
  }
  throw new Error(`Cannot read the events of run ${address.runId}: no terminal one after ${found.length}`);
}

/** Every log chunk of a run as it comes, up to and with the last one. */
export async function* followLog({ logs }: Bus, address: RunAddress): AsyncGenerator<LogChunk> {
  for await (const { data } of logs.follow(address, { after: 0, signal: AbortSignal.timeout(mostMilliseconds) })) {
    const chunk = decodeLogChunk(data);
    if (!chunk.ok) throw new Error(`Cannot read a log chunk: ${chunk.problem}`);
    yield chunk.value;
    if (chunk.value.header.end === true) return;
  }
  throw new Error(`Cannot read the log of run ${address.runId}: it has no end`);
}

/** A whole log; fails when a chunk is missing, or holds what isn't UTF-8. */
export async function readLog(bus: Bus, address: RunAddress): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const { header, text } of followLog(bus, address)) {
    expect({ index: header.index, gap: header.gap }).toEqual({ index: pieces.length, gap: undefined });
    pieces.push(text);
  }
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.concat(pieces));
}
