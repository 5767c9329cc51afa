/**
 * Several iterations as one, in the order in which they bring something. Each is asked for its next step only when its last
 * one was taken, so that a slow reader holds one step of each. Ends when all have ended; what one rejects with ends all.
 * Whoever made the sources ends their waiting by their signal.
 */
export async function* merge<T>(sources: readonly AsyncIterable<T>[]): AsyncGenerator<T> {
  const ready: { value: T; taken: () => void }[] = [];
  let running = sources.length;
  let failure: { readonly error: unknown } | undefined;
  let left = false;
  let wake = () => undefined as void;

  async function pump(source: AsyncIterable<T>): Promise<void> {
    try {
      for await (const value of source) {
        if (left) return;
        const taken = Promise.withResolvers<void>();
        ready.push({ value, taken: taken.resolve });
        wake();
        await taken.promise;
      }
    } catch (error) {
      failure ??= { error };
    } finally {
      running--;
      wake();
    }
  }

  for (const source of sources) void pump(source);
  try {
    for (;;) {
      const next = ready[0];
      if (next !== undefined) {
        yield next.value;
        ready.shift();
        next.taken();
        continue;
      }
      if (failure !== undefined) throw failure.error;
      if (running === 0) return;
      const woken = Promise.withResolvers<void>();
      wake = woken.resolve;
      await woken.promise;
    }
  } finally {
    left = true;
    for (const { taken } of ready) taken();
  }
}
