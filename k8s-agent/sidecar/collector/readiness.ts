/**
 * Whether the collector is there to be told that main has ended. It is process 1 of its container, for which the kernel
 * drops a SIGTERM that comes before its handler: it would sit there until it is killed, and the outputs of a main that ended
 * at once would be lost. So Kubernetes waits for it (a `postStart` hook) before main is started.
 *
 * It listens at an abstract socket (unix(7)) of the pod: no file, as its file system is read-only, and no network.
 */
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

const socketName = "\0container-driver-collector";

/** Call it behind the handler of SIGTERM. Keeps no process alive. */
export function tellReadiness(name = socketName): void {
  const server = createServer((socket) => socket.destroy());
  // Who is there in its place answers as well, and nothing else hangs on it.
  server.on("error", (error) => console.error(`Cannot tell that the collector is ready: ${error.message}`));
  server.listen(name).unref();
}

/** Resolves when the collector is ready; rejects with the signal's reason. */
export async function awaitReadiness(signal: AbortSignal, name = socketName): Promise<void> {
  while (!(await isReady(name))) await pause(20, undefined, { signal });
}

async function isReady(name: string): Promise<boolean> {
  const socket = connect(name);
  try {
    await once(socket, "connect");
    return true;
  } catch {
    // Nobody listens yet.
    return false;
  } finally {
    socket.destroy();
  }
}
