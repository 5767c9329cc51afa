/** The agent's end of a run's socket. */
import { connect, type Socket } from "node:net";
import { encodeLine, getErrorCode, isClosed, Notice, readMessages, type Command } from "./protocol.ts";

/**
 * Connects to a run's supervisor; undefined when it isn't there (it has not begun, has ended, or died) or the signal
 * aborts, which also breaks a connection that was made.
 */
export function connectToRun(socketPath: string, signal: AbortSignal): Promise<Socket | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    const destroy = () => socket.destroy();
    signal.addEventListener("abort", destroy);
    socket.once("connect", () => resolve(socket));
    socket.once("close", () => {
      signal.removeEventListener("abort", destroy);
      resolve(undefined);
    });
    // Errors of a connection that was made reach whoever reads it.
    socket.on("error", (error) => {
      if (!isAbsent(error) && !isClosed(error)) reject(error);
    });
    if (signal.aborted) destroy();
  });
}

function isAbsent(error: unknown): boolean {
  return ["ENOENT", "ECONNREFUSED", "ENOTDIR"].includes(getErrorCode(error));
}

/** Connects, and again whenever the connection broke, until the supervisor isn't there any more or the signal aborts. */
export async function* openConnections(socketPath: string, signal: AbortSignal): AsyncGenerator<Socket> {
  for (;;) {
    const socket = await connectToRun(socketPath, signal);
    if (socket === undefined || signal.aborted) return;
    try {
      yield socket;
    } finally {
      socket.destroy();
    }
  }
}

/** Waits until the supervisor is gone; false when the signal aborts before. */
export async function awaitDeparture(socketPath: string, signal: AbortSignal): Promise<boolean> {
  for await (const socket of openConnections(socketPath, signal)) {
    for await (const _ of readMessages(socket, Notice)) continue;
  }
  return !signal.aborted;
}

/**
 * Sends one command and waits until the supervisor has taken it; false when it isn't there. Rejects when it doesn't
 * answer within the time: it is stopped itself, or its machine is too busy.
 */
export async function sendCommand(socketPath: string, command: Command, milliseconds: number): Promise<boolean> {
  const late = AbortSignal.timeout(milliseconds);
  const socket = await connectToRun(socketPath, late);
  if (socket === undefined) return false;
  socket.end(encodeLine(command));
  // The supervisor closes what its client has closed, after it has read what came before.
  for await (const _ of readMessages(socket, Notice)) continue;
  if (late.aborted) {
    throw new Error(
      `Cannot ${command.kind} the run: its supervisor does not answer within ${milliseconds} milliseconds`,
    );
  }
  return true;
}
