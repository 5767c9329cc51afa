/** The supervisor's end of a run's socket, which is also the claim to the run. */
import { link, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { Command, encodeLine, getErrorCode, readMessages, type LiveStatus } from "./protocol.ts";

/** A claimed run, as those who watch it see it. */
export interface Claim {
  /** All that was published, in order: what the run went through. */
  readonly stages: readonly LiveStatus[];
  publish(status: LiveStatus): void;
  /** Tells those who wait for it how long the log is now. */
  announceLog(bytes: number): void;
  /** Closes all connections once what was sent has gone out. The claim stays: nobody can take the run again. */
  close(): void;
}

export interface ClaimOptions {
  /** Short, as a Unix socket's path must be: relative to the working directory. */
  readonly socket: string;
  /** For the first status. */
  readonly startedAt: string;
  readonly onStop: (graceSeconds: number) => void;
}

/**
 * Claims a run by making its socket; undefined when somebody has claimed it before, now dead or alive. The socket is
 * bound under another name and linked to its own when it listens: a link fails if the name is taken, which makes it
 * exclusive, and nobody ever finds a socket that doesn't answer yet and takes its supervisor for dead.
 */
export async function claimRun({ socket, startedAt, onStop }: ClaimOptions): Promise<Claim | undefined> {
  const viewers = new Set<Viewer>();
  const stages: LiveStatus[] = [{ kind: "starting", startedAt }];
  let logBytes = 0;
  const server = createServer((connection) => {
    const viewer = serveViewer(connection, { onStop, getLogBytes: () => logBytes });
    viewers.add(viewer);
    connection.on("close", () => viewers.delete(viewer));
    // From the start: a main may be quicker than whoever comes to watch it.
    for (const status of stages) viewer.show(status);
  });
  const bound = `${socket}.${process.pid}`;
  await listen(server, bound);
  const claimed = await linkExclusively(bound, socket);
  await rm(bound, { force: true });
  if (!claimed) {
    server.close();
    return undefined;
  }
  return {
    stages,
    publish(status) {
      stages.push(status);
      for (const viewer of viewers) viewer.show(status);
    },
    announceLog(bytes) {
      logBytes = bytes;
      for (const viewer of viewers) viewer.showLog();
    },
    close() {
      server.close();
      for (const viewer of viewers) viewer.end();
    },
  };
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => resolve());
  });
}

async function linkExclusively(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (getErrorCode(error) === "EEXIST") return false;
    throw error;
  }
}

/** One connection. */
interface Viewer {
  show(status: LiveStatus): void;
  /** Says how long the log is, if the viewer waits for that. */
  showLog(): void;
  end(): void;
}

interface ViewerOptions {
  readonly onStop: (graceSeconds: number) => void;
  readonly getLogBytes: () => number;
}

function serveViewer(connection: Socket, { onStop, getLogBytes }: ViewerOptions): Viewer {
  let beyond = Infinity;

  function showLog(): void {
    const bytes = getLogBytes();
    if (bytes <= beyond) return;
    beyond = Infinity;
    connection.write(encodeLine({ kind: "log", bytes }));
  }

  async function obey(): Promise<void> {
    for await (const command of readMessages(connection, Command)) {
      if (command.kind === "stop") onStop(command.graceSeconds);
      else {
        beyond = command.beyond;
        showLog();
      }
    }
  }

  // Whoever breaks the connection or sends what can't be read loses the connection; the run is none the worse for it.
  connection.on("error", () => connection.destroy());
  obey().catch(() => connection.destroy());
  return {
    show: (status) => void connection.write(encodeLine(status)),
    showLog,
    end: () => connection.destroySoon(),
  };
}
