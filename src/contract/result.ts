/** An expected outcome is a value: what was read, or the sentence that says why it can't be. */
export type Result<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string };

/** Wraps a value that was read well. */
export function succeed<T>(value: T): Result<T> {
  return { ok: true, value };
}

/** Wraps the reason why something can't be read: what was found, and what is allowed. */
export function refuse(problem: string): { readonly ok: false; readonly problem: string } {
  return { ok: false, problem };
}
