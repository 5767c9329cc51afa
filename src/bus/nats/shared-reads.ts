/** Reads that are under way, for all who want the same. */
import type { StoredMessage } from "./direct-get.ts";

export interface SharedReads {
  /** A moment, to be given to `read`. */
  mark(): number;
  /** What there is behind a sequence, by a read that began after the moment: an older one may have begun before what is sought. */
  read(after: number, mark: number): Promise<StoredMessage[]>;
}

interface Reading {
  readonly begunAt: number;
  readonly found: Promise<StoredMessage[]>;
}

export function createSharedReads(read: (after: number) => Promise<StoredMessage[]>): SharedReads {
  const underWay = new Map<number, Reading>();
  let moments = 0;

  function begin(after: number): Reading {
    const begun = { begunAt: ++moments, found: read(after) };
    underWay.set(after, begun);
    const forget = () => {
      if (underWay.get(after) === begun) underWay.delete(after);
    };
    begun.found.then(forget, forget);
    return begun;
  }

  return {
    mark: () => ++moments,
    read(after, mark) {
      const known = underWay.get(after);
      return (known !== undefined && known.begunAt > mark ? known : begin(after)).found;
    },
  };
}
