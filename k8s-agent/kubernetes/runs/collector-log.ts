/**
 * The collector's one line: what main has left, sealed. Its log is followed from its start, since that of a deleted pod is
 * gone seconds after its end.
 */
import type { V1Pod } from "@kubernetes/client-node";
import type { Result } from "../../../src/contract/result.ts";
import { pause } from "../../../src/bus/pause.ts";
import { containers } from "../../job/names.ts";
import type { Collected } from "../../launch/launcher.ts";
import { mostLineBytes, openCollected } from "../../sidecar/messages/collected.ts";
import type { ClusterApi } from "../api/cluster-api.ts";
import { until } from "./notifier.ts";

export interface CollectorLogOptions {
  readonly api: Pick<ClusterApi, "openLog">;
  readonly pod: V1Pod;
  /** What the line is sealed with. */
  readonly key: string;
  /** Whether the collector has ended for good, or its pod is gone: what it has not printed it never will. */
  readonly hasEnded: () => boolean;
  readonly changed: (signal: AbortSignal) => Promise<void>;
  readonly onProblem: (problem: string) => void;
  readonly signal: AbortSignal;
}

const retryMilliseconds = 500;
/** How long what is under way of a log may take, once the collector has ended. */
const drainMilliseconds = 3000;

/** Resolves to what was collected, or undefined when the collector is lost, or the signal aborts. */
export async function readCollectorLog(options: CollectorLogOptions): Promise<Collected | undefined> {
  const { hasEnded, onProblem, signal } = options;
  while (!signal.aborted) {
    const wasOver = hasEnded();
    try {
      const found = await readOnce(options);
      if (found.kind === "collected") return found.collected;
      if (found.kind === "gone") return undefined;
    } catch (error) {
      if (signal.aborted) return undefined;
      onProblem(error instanceof Error ? error.message : String(error));
    }
    if (wasOver) return undefined;
    await waitForMore(options);
  }
  return undefined;
}

/** A stream that ended tells nothing, as the kubelet may have restarted it; that the collector has ended does. */
async function waitForMore({ changed, signal }: CollectorLogOptions): Promise<void> {
  const turn = new AbortController();
  const either = AbortSignal.any([signal, turn.signal]);
  await Promise.race([changed(either), pause(retryMilliseconds, either)]);
  turn.abort();
}

type Found =
  | { readonly kind: "collected"; readonly collected: Collected }
  | { readonly kind: "nothing" }
  | { readonly kind: "gone" };

async function readOnce(options: CollectorLogOptions): Promise<Found> {
  const { signal, hasEnded, changed } = options;
  const turn = new AbortController();
  const either = AbortSignal.any([signal, turn.signal]);
  // A stream may stay open, and silent, behind a collector that has ended: nobody tells that it is complete.
  const drained = until(hasEnded, { changed, signal: either }).then(() => pause(drainMilliseconds, either));
  void drained.then(() => turn.abort(new Error("the collector has ended, and its log has not")));
  try {
    return await readStream({ ...options, signal: either });
  } finally {
    turn.abort();
  }
}

async function readStream({ api, pod, key, onProblem, signal }: CollectorLogOptions): Promise<Found> {
  const { namespace = "", name = "" } = pod.metadata ?? {};
  const request = { namespace, name, container: containers.collector, follow: true, timestamps: false, signal };
  const answer = await api.openLog(request);
  if (answer.kind !== "open") return { kind: answer.kind === "gone" ? "gone" : "nothing" };
  for await (const line of readLines(answer.bytes)) {
    const opened: Result<Collected> = await openCollected(line, key);
    if (opened.ok) return { kind: "collected", collected: opened.value };
    onProblem(opened.problem);
  }
  return { kind: "nothing" };
}

/** Whole lines, and what follows the last one. A line that is longer than any of the collector's is nothing of ours. */
async function* readLines(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let parts: string[] = [];
  let length = 0;
  for await (const piece of bytes) {
    const [first = "", ...rest] = decoder.decode(piece, { stream: true }).split("\n");
    parts.push(first);
    length += first.length;
    for (const next of rest) {
      yield* isLine(parts, length);
      parts = [next];
      length = next.length;
    }
    if (length > mostLineBytes) parts = [];
  }
  yield* isLine(parts, length);
}

function isLine(parts: readonly string[], length: number): string[] {
  return length === 0 || length > mostLineBytes ? [] : [parts.join("")];
}
