/**
 * Publishes what becomes of a run, from the replica that holds it. Secrets are taken out of all that everybody may see; a
 * replica that is refused an event doesn't hold the run any more.
 */
import { MessageTooLarge } from "../../src/bus/port.ts";
import {
  eventTypes,
  phases,
  type EventKind,
  type Failure,
  type Phase,
  type RunEventData,
  type RunResult,
} from "../../src/contract/events.ts";
import { describeLimit, limits } from "../../src/contract/limits.ts";
import { sealResult } from "../../src/sealing/result.ts";
import { createEventWriter, type EventDetails, type EventWriterOptions } from "./event-writer.ts";
import { nameOutputs } from "./name-outputs.ts";

/** This replica doesn't hold the run any more: another one has written since, or may have. */
export class Fenced extends Error {
  constructor(runId: string, why = "another replica has taken it over") {
    super(`Cannot go on with run ${runId}: ${why}`);
    this.name = "Fenced";
  }
}

export interface ReporterOptions extends EventWriterOptions {
  /** Takes secrets out of what is said. */
  readonly redactText: (text: string) => string;
}

export interface RunReporter {
  /** The phase that the last event says; undefined: no event yet. */
  readonly phase: Phase | undefined;
  /** Takes the run: `accepted` the first time, `adopted` when it was begun from an earlier delivery. */
  take(): Promise<void>;
  /** Moves on to a phase; nothing happens when the run is there or further already. */
  enter(phase: "starting" | "running" | "collecting", details?: Pick<RunEventData, "commit" | "setup">): Promise<void>;
  /** Beyond as many as anybody is shown, nothing happens. */
  warn(warning: string): Promise<void>;
  /** Whether the run is still ours: nobody else has published an event of it. */
  isHolder(): Promise<boolean>;
  /** The terminal event, with the sealed result. */
  end(result: RunResult): Promise<void>;
}

/** Reads where the run is, and goes on from there. Every method rejects with `Fenced` when it isn't ours any more. */
export async function openRunReporter({ redactText, ...options }: ReporterOptions): Promise<RunReporter> {
  const { order, agent, delivery } = options;
  const writer = await createEventWriter(options);
  let warnings = 0;

  async function publish(kind: EventKind, details: EventDetails): Promise<void> {
    if (!(await writer.append(kind, details))) throw new Fenced(order.runId);
  }

  async function publishEnd(result: RunResult): Promise<void> {
    const sealed = await sealResult(result, { ...order, type: eventTypes[result.kind] });
    await publish(result.kind, { phase: result.kind, sealed, ...describeResult(result, redactText) });
  }

  return {
    get phase() {
      return writer.phase;
    },
    async take() {
      const { phase } = writer;
      if (phase !== undefined && phase !== "requested") {
        // A delivery that was long on its way, to a replica that was paused, or that a broker which crashed has forgotten:
        // whoever works from a later one, or from this very one, has the run. Should it be dead the request comes again.
        if (delivery <= writer.lastDelivery) throw new Fenced(order.runId);
        return publish("adopted", { phase, agent });
      }
      if (await writer.append("accepted", { phase: "accepted", agent })) return;
      // The front door's `requested` may have come between our look and our event.
      await writer.catchUp();
      if (writer.phase !== "requested") throw new Fenced(order.runId);
      await publish("accepted", { phase: "accepted", agent });
    },
    async enter(phase, details = {}) {
      if (writer.phase !== undefined && phases.indexOf(phase) <= phases.indexOf(writer.phase)) return;
      await publish(phase, { phase, ...details });
    },
    async warn(warning) {
      if (++warnings > limits.warnings) return;
      // Before it is cut: half of a secret isn't found.
      const text = redactText(warning).slice(0, limits.warningLength).toWellFormed();
      await publish("warned", { phase: writer.phase ?? "accepted", warning: text });
    },
    isHolder: () => writer.isUpToDate(),
    async end(result) {
      const clean = redactResult(result, redactText);
      try {
        await publishEnd(clean);
      } catch (error) {
        if (clean.kind !== "succeeded" || !(error instanceof MessageTooLarge)) throw error;
        await publishEnd(refuseOutputs(error));
      }
    },
  };
}

/** This broker takes less than our own limit supposes: without an end, the request would come again for ever. */
function refuseOutputs({ actual, limit }: MessageTooLarge): RunResult {
  const problem = describeLimit("the message that carries them", actual, limit, "bytes");
  return { kind: "failed", failure: { reason: "outputs-invalid", message: `Cannot send the outputs: ${problem}` } };
}

/** Outputs are the caller's own, and sealed; everything said about a failure is for everybody's eyes. */
function redactResult(result: RunResult, redactText: (text: string) => string): RunResult {
  if (result.kind === "succeeded") return result;
  const { reason, message, evidence } = result.failure;
  const clean: Failure = { reason, message: redactText(message) };
  if (evidence === undefined) return { kind: result.kind, failure: clean };
  const entries = Object.entries(evidence).map(
    ([key, value]) => [key, typeof value === "string" ? redactText(value) : value] as const,
  );
  return { kind: result.kind, failure: { ...clean, evidence: Object.fromEntries(entries) } };
}

/** What everybody may see of a result: failures whole, outputs by name. */
function describeResult(result: RunResult, redactText: (text: string) => string): Partial<RunEventData> {
  if (result.kind !== "succeeded") return { failure: result.failure };
  const outputs = nameOutputs(result.outputs, { redactText });
  return { outputs, ...(result.commit === undefined ? {} : { commit: result.commit }) };
}
