/** Where outboxes are kept: records, changed only by compare-and-set, so that one program at a time delivers. */
import type * as v from "valibot";
import { BusUnavailable, type RecordStore, type Written } from "../bus/port.ts";
import { decodeMessage, encodeMessage } from "../contract/decode.ts";
import { mostParked, OutboxState, ParkedList, type Parked } from "./outbox-state.ts";

export interface OutboxAddress {
  readonly subscription: string;
  readonly cluster: string;
}

export interface Loaded<T> {
  readonly value: T | undefined;
  readonly revision: number;
}

/** A stored record is damaged, or a newer program's. What is in it stays as it is: somebody has to look at it. */
export class RecordUnreadable extends Error {
  readonly key: string;
  /** What is wrong, without anything of its contents. */
  readonly problem: string;

  constructor(key: string, problem: string) {
    super(`Cannot read the record ${key}: ${problem}`);
    this.name = "RecordUnreadable";
    this.key = key;
    this.problem = problem;
  }
}

/** Whatever reads throws `RecordUnreadable` where there is something else. */
export interface OutboxStore {
  load(): Promise<Loaded<OutboxState>>;
  save(state: OutboxState, expected: number): Promise<Written>;
  /** Events that were given up, oldest first. */
  listParked(): Promise<readonly Parked[]>;
  park(event: Parked): Promise<void>;
  /** Takes all of a run's parked events, or of every run, out of the list. */
  takeParked(runId?: string): Promise<readonly Parked[]>;
}

const mostAttempts = 50;

export function createOutboxStore(records: RecordStore, { subscription, cluster }: OutboxAddress): OutboxStore {
  const key = `${subscription}.${cluster}`;
  const parkedKey = `${key}.parked`;

  async function load<S extends v.GenericSchema>(at: string, schema: S): Promise<Loaded<v.InferOutput<S>>> {
    const stored = await records.get(at);
    if (stored === undefined) return { value: undefined, revision: 0 };
    const decoded = decodeMessage(schema, stored.value);
    if (!decoded.ok) throw new RecordUnreadable(at, decoded.problem);
    return { value: decoded.value, revision: stored.revision };
  }

  async function changeParked(change: (parked: readonly Parked[]) => readonly Parked[]): Promise<void> {
    for (let attempts = 0; attempts < mostAttempts; attempts++) {
      const { value, revision } = await load(parkedKey, ParkedList);
      const parked = change(value?.parked ?? []);
      const written = await records.set(parkedKey, encodeMessage({ v: 1, parked }), revision);
      if (written.kind === "written") return;
    }
    throw new BusUnavailable("change parked events", { reason: `others changed them, ${mostAttempts} times` });
  }

  return {
    load: () => load(key, OutboxState),
    save: (state, expected) => records.set(key, encodeMessage(state), expected),
    listParked: async () => (await load(parkedKey, ParkedList)).value?.parked ?? [],
    park: (event) =>
      changeParked((parked) => [...parked.filter((one) => !isSame(one, event)), event].slice(-mostParked)),
    async takeParked(runId) {
      let taken: readonly Parked[] = [];
      const isTaken = (one: Parked) => runId === undefined || one.runId === runId;
      await changeParked((parked) => {
        taken = parked.filter(isTaken);
        return parked.filter((one) => !isTaken(one));
      });
      return taken;
    },
  };
}

function isSame(one: Parked, other: Parked): boolean {
  return one.runId === other.runId && one.sequence === other.sequence;
}
