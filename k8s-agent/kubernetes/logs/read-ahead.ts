/** Reads on while whoever takes the pieces is busy: a log that is read late may be gone from its node. */
import type { LogPiece } from "../../launch/launcher.ts";
import type { ReadAheadBudget, ReadAheadLimits } from "../../logs/read-ahead-budget.ts";

/**
 * How much is read ahead: beside what waits for the broker, three seconds of a log as fast as most API servers hand one
 * out. When it is full reading stops, so that the node keeps the rest, for as long as its rotation does.
 */
export const readAheadLimits: ReadAheadLimits = { mostBytes: 8 * 1024 * 1024, mostBytesOfAll: 160 * 1024 * 1024 };

/** What a piece takes beside its bytes: those of a main that prints line after line are small. */
const pieceBytes = 512;
const weigh = ({ bytes }: LogPiece) => bytes.length + pieceBytes;

/** Yields the same pieces. What is read ahead comes before an error that ends reading. */
export async function* readAhead(pieces: AsyncGenerator<LogPiece>, budget: ReadAheadBudget): AsyncGenerator<LogPiece> {
  const queue: LogPiece[] = [];
  let finished = false;
  let bell = Promise.withResolvers<void>();
  const ring = () => {
    bell.resolve();
    bell = Promise.withResolvers();
  };
  const share = budget.open(ring);

  async function fill(): Promise<void> {
    try {
      for await (const piece of pieces) {
        queue.push(piece);
        share.hold(weigh(piece));
        ring();
        while (!share.hasRoom() && !finished) await bell.promise;
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
        share.free(weigh(piece));
        ring();
        yield piece;
      } else if (finished) break;
      else await bell.promise;
    }
    await filling;
  } finally {
    finished = true;
    share.close();
    ring();
  }
}
