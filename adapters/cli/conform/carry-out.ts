/** One run of the container, straight through a launcher, and everything that can be seen of it. */
import { ulid } from "ulid";
import type { ContainerInputs } from "../../../src/contract/container/inputs.ts";
import type { Action } from "../../../src/contract/run.ts";
import type { Ended, Launcher } from "../../../k8s-agent/launch/launcher.ts";

export interface Seen {
  readonly action: Action;
  readonly ended: Ended;
  /** The end of what it printed. */
  readonly log: string;
  readonly milliseconds: number;
}

export interface CarryOutOptions {
  readonly launcher: Launcher;
  /** After this long it is stopped. */
  readonly timeoutSeconds: number;
  readonly signal: AbortSignal;
  /** What it prints, as it prints it. */
  readonly onLog: (bytes: Uint8Array) => void;
}

/** Whose runs these are. */
export const clusterName = "conform";

const mostLogBytes = 1024 * 1024;
const graceSeconds = 10;

/** Nothing of the run is left behind, however it ends. Rejects with the signal's reason once it aborts. */
export async function carryOut(action: Action, inputs: ContainerInputs, options: CarryOutOptions): Promise<Seen> {
  const { launcher } = options;
  const runId = ulid().toLowerCase();
  const begun = performance.now();
  try {
    const launched = await launcher.launch(buildRun(runId, action, inputs), { signal: options.signal });
    if (launched.kind === "refused") return refuseRun(action, launched.message);
    const [ended, log] = await Promise.all([awaitEnd(runId, options), readLog(runId, options)]);
    return { action, ended, log, milliseconds: performance.now() - begun };
  } finally {
    await launcher.remove(runId);
  }
}

function refuseRun(action: Action, message: string): Seen {
  return { action, ended: { kind: "ended", cause: { kind: "start-failed", message } }, log: "", milliseconds: 0 };
}

function buildRun(runId: string, action: Action, inputs: ContainerInputs) {
  const { type } = inputs;
  const who = { cluster: clusterName, driver: "container", guresid: "conform", type };
  const order = { v: 1 as const, runId, ...who, action, requestedAt: new Date().toISOString() };
  // No front door has asked, and no result is sealed.
  return { order: { ...order, runKey: "", runKeyId: "", inputsDigest: "" }, inputs };
}

async function awaitEnd(runId: string, { launcher, timeoutSeconds, signal }: CarryOutOptions): Promise<Ended> {
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    void launcher.stop(runId, { graceSeconds }).catch(() => undefined);
  }, timeoutSeconds * 1000);
  try {
    for await (const status of launcher.watch(runId, { signal })) {
      if (status.kind !== "ended") continue;
      if (!late || status.stopped === false) return status;
      return {
        ...status,
        cause: { kind: "deadline", message: `it had not ended after ${timeoutSeconds} seconds and was stopped` },
      };
    }
  } finally {
    clearTimeout(timer);
  }
  signal.throwIfAborted();
  throw new Error("Cannot tell how the run ended: the launcher stopped telling");
}

async function readLog(runId: string, { launcher, signal, onLog }: CarryOutOptions): Promise<string> {
  let kept = Buffer.alloc(0);
  for await (const { bytes } of launcher.readLog(runId, { from: undefined, signal })) {
    onLog(bytes);
    kept = Buffer.concat([kept, bytes]);
    if (kept.length > 2 * mostLogBytes) kept = kept.subarray(-mostLogBytes);
  }
  return kept.toString();
}
