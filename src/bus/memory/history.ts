/** A journal in memory, read by cluster. All clusters share one sequence, so that a cluster's own have gaps. */
import { checkCluster } from "../address.ts";
import type { History, HistoryEntry } from "../port.ts";
import type { Fifo } from "./fifo.ts";
import type { Gate } from "./gate.ts";

/** An entry in the stream's order. */
export interface HistoryRow extends HistoryEntry {
  /** When it was stored. */
  readonly time: Date;
}

export interface MemoryHistoryOptions {
  /** All that is kept, oldest first; no sequence between two of them is missing. */
  readonly order: Fifo<HistoryRow>;
  readonly gate: Gate;
  /** Resolves at a cluster's next entry, or when the signal aborts. */
  readonly wait: (cluster: string, signal: AbortSignal) => Promise<void>;
}

export function createMemoryHistory({ order, gate, wait }: MemoryHistoryOptions): History {
  const getFirst = () => order.at(0)?.sequence ?? 0;
  const getAt = (sequence: number) => order.at(sequence - getFirst());
  const getEnd = () => getFirst() + order.length;

  /** The cluster's first entry at a sequence or behind it. */
  function findNext(cluster: string, sequence: number): HistoryRow | undefined {
    for (let at = Math.max(sequence, getFirst()); at < getEnd(); at++) {
      const row = getAt(at);
      if (row?.address.cluster === cluster) return row;
    }
    return undefined;
  }

  return {
    async page(cluster, { before = Infinity, count }) {
      checkCluster(cluster);
      gate.check("read the history");
      const first = getFirst();
      const entries: HistoryEntry[] = [];
      let at = Math.min(before, getEnd()) - 1;
      for (; at >= first && entries.length < count; at--) {
        const row = getAt(at);
        if (row?.address.cluster === cluster) entries.push(handOut(row));
      }
      const bytes = entries.reduce((sum, { data }) => sum + data.length, 0);
      return at >= first ? { entries, bytes, next: at + 1 } : { entries, bytes };
    },
    async locate(cluster, time) {
      checkCluster(cluster);
      gate.check("find a time in the history");
      let low = getFirst();
      let high = getEnd();
      while (low < high) {
        const middle = (low + high) >> 1;
        if ((getAt(middle)?.time ?? time) >= time) high = middle;
        else low = middle + 1;
      }
      return low === getFirst() ? 0 : low - 1;
    },
    async *followAll(cluster, options) {
      checkCluster(cluster);
      const signal = AbortSignal.any([options.signal, gate.closing]);
      let next = options.after + 1;
      while (!signal.aborted) {
        const row = findNext(cluster, next);
        // Those of other clusters are not looked at again.
        next = row === undefined ? Math.max(next, getEnd()) : row.sequence + 1;
        if (row === undefined) await wait(cluster, signal);
        else yield handOut(row);
      }
    },
  };
}

/** A reader's own copy. */
function handOut({ address, data, sequence }: HistoryRow): HistoryEntry {
  return { address, data: new Uint8Array(data), sequence };
}
