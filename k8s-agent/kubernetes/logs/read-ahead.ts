/** Reads on while whoever takes the pieces is busy: a log that is read late may be gone from its node. */
import type { LogPiece } from "../../launch/launcher.ts";

/**
 * How much is read ahead, bytes, for each run: beside what waits for the broker, three seconds of a log as fast as most API
 * servers hand one out. When it is full reading stops, so that the node keeps the rest, for as long as its rotation does.
 */
export const readAheadBytes = 8 * 1024 * 1024;

/** Yields the same pieces. What is read ahead comes before an error that ends reading. */
export async function* readAhead(pieces: AsyncGenerator<LogPiece>): AsyncGenerator<LogPiece> {
  const queue: LogPiece[] = [];
  let waiting = 0;
  let finished = false;
  let bell = Promise.withResolvers<void>();
  const ring = () => {
    bell.resolve();
    bell = Promise.withResolvers();
  };

  async function fill(): Promise<void> {
    try {
      for await (const piece of pieces) {
        queue.push(piece);
        waiting += piece.bytes.length;
        ring();
        while (waiting >= readAheadBytes && !finished) await bell.promise;
        if (finished) return;
      }
    } finally {
      finished = true;
      ring();
    }
  }

  const filling = fill();
  // Told at the end; until then nobody may be waiting for it.
  filling.catch(() => undefined);
  try {
    for (;;) {
      const piece = queue.shift();
      if (piece !== undefined) {
        waiting -= piece.bytes.length;
        ring();
        yield piece;
      } else if (finished) break;
      else await bell.promise;
    }
    await filling;
  } finally {
    finished = true;
    ring();
  }
}
