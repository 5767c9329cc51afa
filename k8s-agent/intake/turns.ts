/** Work with the same key, one at a time, in the order in which it came. */
export interface Turns {
  /** Does the work when all that came before it with the same key has ended, well or not. */
  take<T>(key: string, work: () => Promise<T>): Promise<T>;
}

export function createTurns(): Turns {
  const latest = new Map<string, Promise<unknown>>();
  return {
    async take(key, work) {
      const before = latest.get(key) ?? Promise.resolve();
      const turn = before.then(work);
      const ended = turn.catch(() => undefined);
      latest.set(key, ended);
      try {
        return await turn;
      } finally {
        if (latest.get(key) === ended) latest.delete(key);
      }
    },
  };
}
