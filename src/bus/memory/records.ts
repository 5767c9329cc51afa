import { checkKey } from "../address.ts";
import type { RecordStore, StoredRecord, Written } from "../port.ts";
import type { Gate } from "./gate.ts";

/** The records of one process. */
export function createMemoryRecords(gate: Gate): RecordStore {
  const records = new Map<string, StoredRecord>();
  let revision = 0;

  function change(key: string, expected: number, apply: (revision: number) => void): Written {
    if ((records.get(checkKey(key))?.revision ?? 0) !== expected) return { kind: "conflict" };
    apply(++revision);
    return { kind: "written", revision };
  }

  return {
    async get(key) {
      gate.check("read a record");
      const record = records.get(checkKey(key));
      return record && { ...record, value: new Uint8Array(record.value) };
    },
    async set(key, value, expected) {
      const copy = gate.take("write a record", value);
      return change(key, expected, (revision) => records.set(key, { value: copy, revision }));
    },
    async remove(key, expected) {
      gate.check("remove a record");
      return change(key, expected, () => records.delete(key));
    },
  };
}
