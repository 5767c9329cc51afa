/** A queue whose entries can be looked at by position; adding and taking cost the same however long it is. */
export interface Fifo<T> {
  readonly length: number;
  push(value: T): void;
  /** Takes the oldest one. */
  shift(): T | undefined;
  /** The one that has `index` older ones before it. */
  at(index: number): T | undefined;
}

export function createFifo<T>(): Fifo<T> {
  let values: (T | undefined)[] = [];
  let head = 0;
  return {
    get length() {
      return values.length - head;
    },
    push(value) {
      values.push(value);
    },
    shift() {
      const value = values[head];
      if (head === values.length) return undefined;
      // Let go of it at once; the gap itself is closed when it makes up half of the array.
      values[head++] = undefined;
      if (head * 2 >= values.length) {
        values = values.slice(head);
        head = 0;
      }
      return value;
    },
    at(index) {
      return values[head + index];
    },
  };
}
