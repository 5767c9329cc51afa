/** What every program on Node does around its work: ends on SIGINT and SIGTERM, and says why it can't go on. */
import { constants } from "node:os";
import type { Result } from "../../src/contract/result.ts";

/** A running program. */
export interface Program {
  /** Rejects when the program can't go on, such as a front door whose agent has gone; never resolves. */
  readonly failed: Promise<never>;
  /** Resolves when everything has ended. */
  stop(): Promise<void>;
}

/** Starts a program and runs it to its end. Exit code 2: its configuration is wrong; 1: it can't go on. */
export async function runProgram<C>(config: Result<C>, start: (config: C) => Promise<Program>): Promise<void> {
  const [argument] = process.argv.slice(2);
  if (argument !== undefined) {
    console.error(`Cannot take ${argument}: variables configure this program, and docs/configuration.md has them all`);
    process.exit(2);
  }
  if (!config.ok) {
    console.error(`Cannot start: ${config.problem}`);
    process.exit(2);
  }
  // Until there is something to stop: as the first process of a container it would hear no signal otherwise.
  const leave = (signal: NodeJS.Signals) => process.exit(128 + constants.signals[signal]);
  process.once("SIGINT", leave).once("SIGTERM", leave);
  try {
    const program = await start(config.value);
    process.off("SIGINT", leave).off("SIGTERM", leave);
    const stopped = new Promise<void>((resolve, reject) => {
      const stop = () => void program.stop().then(resolve, reject);
      // Once: a second Ctrl-C ends the process as it always does.
      process.once("SIGINT", stop).once("SIGTERM", stop);
    });
    await Promise.race([program.failed, stopped]);
    process.exit(0);
  } catch (error) {
    console.error(describe(error));
    process.exit(1);
  }
}

function describe(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.startsWith("Cannot ") ? message : `Cannot go on: ${message}`;
}

/** The value, or an error for whoever starts the program. */
export function demand<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  throw new Error(`Cannot start: ${result.problem}`);
}
