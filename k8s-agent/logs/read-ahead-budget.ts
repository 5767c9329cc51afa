/**
 * How much of logs may wait in memory: so much of each, and so much of all of a process. A log that is read late may be gone,
 * but a process that takes more memory than it may have is killed, and all of its runs wait for another.
 */
export interface ReadAheadBudget {
  /** `onRoom` is called when others have made room. */
  open(onRoom: () => void): ReadAheadShare;
  /** Bytes that wait just now, of all logs. */
  readonly held: number;
}

/** One log's. */
export interface ReadAheadShare {
  hold(bytes: number): void;
  free(bytes: number): void;
  /** Whether more may be read. Some may be always, so that no log stands still because of others. */
  hasRoom(): boolean;
  /** Frees all that it holds, and holds nothing more. */
  close(): void;
}

export interface ReadAheadLimits {
  /** Of one log. */
  readonly mostBytes: number;
  /** Of all of them: what the last one that had room has read is beyond it, and `leastBytes` of each. */
  readonly mostBytesOfAll: number;
}

/** What each log may hold, whatever the others do: a few reads, or chunks. */
export const leastBytes = 256 * 1024;

export function createReadAheadBudget({ mostBytes, mostBytesOfAll }: ReadAheadLimits): ReadAheadBudget {
  const bells = new Set<() => void>();
  let all = 0;

  function add(bytes: number): void {
    const wasFull = all >= mostBytesOfAll;
    all += bytes;
    if (wasFull && all < mostBytesOfAll) for (const ring of bells) ring();
  }

  return {
    open(onRoom) {
      let own = 0;
      let isOpen = true;
      bells.add(onRoom);
      const change = (bytes: number) => {
        if (!isOpen) return;
        own += bytes;
        add(bytes);
      };
      return {
        hold: change,
        free: (bytes) => change(-bytes),
        hasRoom: () => own < leastBytes || (own < mostBytes && all < mostBytesOfAll),
        close() {
          bells.delete(onRoom);
          change(-own);
          isOpen = false;
        },
      };
    },
    get held() {
      return all;
    },
  };
}
