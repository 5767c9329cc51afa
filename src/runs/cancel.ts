/**
 * Asks for a run to be stopped. It is put up, signed, where the run's agent hears it, now or when there is one; the run's
 * events tell what comes of it.
 */
import * as v from "valibot";
import { BusUnavailable, type Bus } from "../bus/port.ts";
import { toPerson, type RunControl } from "../contract/control.ts";
import { decodeMessage } from "../contract/decode.ts";
import { isTerminal, phases, type Phase, type TerminalPhase } from "../contract/events.ts";
import type { RunAddress } from "../contract/names.ts";
import { signControl } from "../sealing/control.ts";
import type { FrontDoorKeys } from "../sealing/keys.ts";

export type CancelOutcome =
  /** It is asked for. The run is in this phase, until its agent has stopped it. */
  | { readonly kind: "asked"; readonly status: Phase }
  /** There is no such run, or nothing is known of it any more. */
  | { readonly kind: "unknown" }
  /** It has ended before, like this; nothing was asked for. */
  | { readonly kind: "ended"; readonly status: TerminalPhase };

export interface Cancel {
  /** `by`: whom the run's message names. Twice is fine. Rejects with `BusUnavailable`. */
  cancelRun(address: RunAddress, options: { by: string }): Promise<CancelOutcome>;
}

export interface CancelOptions {
  readonly bus: Pick<Bus, "events" | "controls">;
  readonly keys: Pick<FrontDoorKeys, "signing">;
  readonly now: () => Date;
}

/** More than anybody needs who asks at once with others. */
const mostAttempts = 20;

/**
 * @example
 * const { cancelRun } = createCancel({ bus, keys, now: () => new Date() });
 * const outcome = await cancelRun({ cluster: "prod", runId }, { by: "alice" });
 */
export function createCancel({ bus, keys, now }: CancelOptions): Cancel {
  /** Always anew: what is there may be forged, too old for its agent's keys, or not have been heard. */
  async function ask(address: RunAddress, bytes: Uint8Array): Promise<void> {
    for (let attempts = 0; attempts < mostAttempts; attempts++) {
      const last = await bus.controls.last(address);
      const options = { id: crypto.randomUUID(), after: last?.sequence ?? 0 };
      if ((await bus.controls.append(address, bytes, options)).kind === "appended") return;
    }
    throw new BusUnavailable("cancel a run", { reason: `others asked at the same moment, ${mostAttempts} times` });
  }

  return {
    async cancelRun({ cluster, runId }, { by }) {
      const status = await readStatus(bus, { cluster, runId });
      if (status === undefined) return { kind: "unknown" };
      if (isTerminal(status)) return { kind: "ended", status };
      const control: RunControl = {
        v: 1,
        kind: "cancel",
        cluster,
        runId,
        by: toPerson(by),
        at: now().toISOString(),
      };
      await ask({ cluster, runId }, await signControl(control, keys.signing));
      return { kind: "asked", status };
    },
  };
}

const SeenEvent = v.object({ data: v.object({ phase: v.picklist(phases) }) });

async function readStatus({ events }: Pick<Bus, "events">, address: RunAddress): Promise<Phase | undefined> {
  const last = await events.last(address);
  if (last === undefined) return undefined;
  const event = decodeMessage(SeenEvent, last.data);
  // A phase that only a newer agent knows is one of a run that goes on.
  return event.ok ? event.value.data.phase : "running";
}
