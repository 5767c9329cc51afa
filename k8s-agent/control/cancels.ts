/**
 * What front doors ask of the runs that this replica holds: to be stopped. The broker is not trusted: what no front door that
 * we trust has signed for this very run is logged, and nothing else comes of it.
 */
import type { Entry, Journal } from "../../src/bus/port.ts";
import type { RunAddress } from "../../src/contract/names.ts";
import type { Logger } from "../../src/log.ts";
import { openControl } from "../../src/sealing/control.ts";
import type { NamedKey } from "../../src/sealing/keys.ts";

/** Somebody wants the run to stop, in words for people. */
export type Cancel = { readonly reason: "cancelled"; readonly message: string };

export interface Cancels {
  /** Whether the run was cancelled so far. Rejects with `BusUnavailable` where that can't be told. */
  find(): Promise<Cancel | undefined>;
  /** The first cancel that there was or comes; undefined when the signal aborts. A broker that is away is waited for. */
  wait(signal: AbortSignal): Promise<Cancel | undefined>;
}

export interface CancelsOptions {
  readonly controls: Journal;
  /** Front doors' public keys. */
  readonly trusted: readonly NamedKey[];
  readonly address: RunAddress;
  readonly logger: Logger;
}

export function createCancels({ controls, trusted, address, logger }: CancelsOptions): Cancels {
  async function open({ data }: Entry): Promise<Cancel | undefined> {
    const control = await openControl(data, { trusted, address });
    if (control.ok) return { reason: "cancelled", message: `Cancelled by ${control.value.by}` };
    logger.warn({ problem: control.problem }, "Ignored what was asked of a run");
    return undefined;
  }

  return {
    async find() {
      const last = await controls.last(address);
      return last && open(last);
    },
    async wait(signal) {
      for await (const entry of controls.follow(address, { after: 0, signal })) {
        const cancel = await open(entry);
        if (cancel !== undefined) return cancel;
      }
      return undefined;
    },
  };
}
