import { BusUnavailable, MessageTooLarge } from "../port.ts";

/** What every call on the bus in memory passes through. */
export interface Gate {
  /** Aborted when the bus closes. */
  readonly closing: AbortSignal;
  /** Throws `BusUnavailable` once the bus is closed. */
  check(what: string): void;
  /** `check`, and a copy of a payload that is not too large: what the caller does with its bytes is its own affair. */
  take(what: string, data: Uint8Array): Uint8Array;
}

export function createGate(closing: AbortSignal, maxMessageBytes: number): Gate {
  function check(what: string): void {
    if (closing.aborted) throw new BusUnavailable(what, { reason: "the bus is closed" });
  }
  return {
    closing,
    check,
    take(what, data) {
      check(what);
      if (data.length > maxMessageBytes)
        throw new MessageTooLarge(what, { limit: maxMessageBytes, actual: data.length });
      return new Uint8Array(data);
    },
  };
}
