/**
 * A body that is made as it is read: nothing is begun before the first read, nothing runs ahead of the reader, and a client
 * that goes away ends it all. Hono's streaming helpers push instead: a write to a client that has stopped reading, and then
 * goes away, would never return.
 */
export interface BodyOptions {
  /** What to send, piece by piece; the signal aborts when nobody reads any more. */
  readonly produce: (signal: AbortSignal) => AsyncIterable<string>;
  /** Told of an error, at which the body breaks off: the status is sent already. */
  readonly onError: (error: unknown) => void;
}

export function toBody({ produce, onError }: BodyOptions): ReadableStream<Uint8Array> {
  const leaving = new AbortController();
  const encoder = new TextEncoder();
  let pieces: AsyncIterator<string> | undefined;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        pieces ??= produce(leaving.signal)[Symbol.asyncIterator]();
        try {
          const { done, value } = await pieces.next();
          if (leaving.signal.aborted) return;
          if (done === true) controller.close();
          else controller.enqueue(encoder.encode(value));
        } catch (error) {
          if (leaving.signal.aborted) return;
          leaving.abort();
          onError(error);
          controller.error(error);
        }
      },
      async cancel() {
        leaving.abort();
        await pieces?.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}
