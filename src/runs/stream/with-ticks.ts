/**
 * An iteration that also says when nothing has come for a while: undefined each time. When it is ended early, the source is
 * told so; should that be waiting just then, whoever made it ends the waiting by its signal.
 */
export async function* withTicks<T extends object>(
  source: AsyncIterable<T>,
  milliseconds: number,
): AsyncGenerator<T | undefined> {
  const iterator = source[Symbol.asyncIterator]();
  try {
    for (;;) {
      const step = watch(iterator.next());
      while (!(await step.settlesWithin(milliseconds))) yield undefined;
      const result = await step.promise;
      if (result.done === true) return;
      yield result.value;
    }
  } finally {
    iterator.return?.().catch(() => undefined);
  }
}

/** Listens to a promise once, however often it is waited for: a race each time would pile up listeners. */
function watch<T>(promise: Promise<T>) {
  let settled = false;
  let wake = () => undefined as void;
  const settle = () => {
    settled = true;
    wake();
  };
  promise.then(settle, settle);
  return {
    promise,
    async settlesWithin(milliseconds: number): Promise<boolean> {
      if (settled) return true;
      const woken = Promise.withResolvers<void>();
      wake = woken.resolve;
      const timer = setTimeout(woken.resolve, milliseconds);
      await woken.promise;
      clearTimeout(timer);
      return settled;
    },
  };
}
