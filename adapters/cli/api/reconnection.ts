/** What a command that lasts does while its server is away: says so once, and tries again for a while. */
import { pause } from "../../../src/bus/pause.ts";
import { Unreachable } from "./client.ts";

export interface Reconnection {
  /** There was an answer. */
  connected(): void;
  /**
   * Waits until it is time to try again. Throws the error when there never was a connection, when there has been none for
   * five minutes, or when another try can't help.
   */
  lost(error: unknown): Promise<void>;
}

export interface ReconnectionOptions {
  readonly note: (line: string) => void;
  readonly signal: AbortSignal;
  readonly random?: () => number;
}

const mostMilliseconds = 5 * 60_000;
const firstPause = 200;
const longestPause = 5000;

/** One for all connections of a command, so that they are told of together. */
export function createReconnection({ note, signal, random = Math.random }: ReconnectionOptions): Reconnection {
  let everConnected = false;
  let since: number | undefined;
  let wait = firstPause;
  return {
    connected() {
      if (since !== undefined) note("Connected again");
      everConnected = true;
      since = undefined;
      wait = firstPause;
    },
    async lost(error) {
      signal.throwIfAborted();
      if (!(error instanceof Unreachable) || !everConnected) throw error;
      if (since === undefined) note(`${error.message}; trying again`);
      since ??= performance.now();
      if (performance.now() - since > mostMilliseconds) throw error;
      await pause(wait * (1 - random() / 2), signal);
      signal.throwIfAborted();
      wait = Math.min(wait * 2, longestPause);
    },
  };
}
