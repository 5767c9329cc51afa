/** Records in a key-value bucket (NATS ADR-8): a removed key leaves a marker as its last message. */
import { buildBucketStream, buildRecordSubject, type Bucket } from "../../contract/streams.ts";
import { checkKey } from "../address.ts";
import type { RecordStore, Written } from "../port.ts";
import { getLast, type StoredMessage } from "./direct-get.ts";
import type { Link } from "./link.ts";
import { publishExpecting, toRefusal, type Publication, type Published } from "./publish.ts";

const isMarker = (message: StoredMessage) => message.header("KV-Operation") !== "";

/** How long a marker is kept, seconds: by then nobody still works from what was read before the removal. */
const markerSeconds = 24 * 3600;
/** "per-message TTL is disabled": the stream was made by an older server. */
const ttlDisabled = 10166;

export function createNatsRecords(link: Link, bucket: Bucket): RecordStore {
  const stream = buildBucketStream(bucket);
  const toSubject = (key: string) => buildRecordSubject(bucket, checkKey(key));
  return {
    async get(key) {
      const found = await getLast(link, "read a record", { stream, subject: toSubject(key) });
      if (found === undefined || isMarker(found)) return undefined;
      return { value: found.data, revision: found.sequence };
    },
    async set(key, value, expected) {
      const what = "write a record";
      const publication = { subject: toSubject(key), data: value, expected };
      const published = await publishExpecting(link, what, publication);
      if (published.kind !== "conflict" || expected !== 0) return toWritten(what, published);
      // "No such key" is also true where the last message is a marker.
      const last = await getLast(link, what, { stream, subject: publication.subject });
      if (last === undefined || !isMarker(last)) return { kind: "conflict" };
      return toWritten(what, await publishExpecting(link, what, { ...publication, expected: last.sequence }));
    },
    async remove(key, expected) {
      const what = "remove a record";
      const marker: Publication = {
        subject: toSubject(key),
        data: new Uint8Array(),
        expected,
        headers: { "KV-Operation": "DEL", "Nats-TTL": String(markerSeconds) },
      };
      const published = await publishExpecting(link, what, marker);
      if (published.kind !== "refused" || published.code !== ttlDisabled) return toWritten(what, published);
      return toWritten(what, await publishExpecting(link, what, { ...marker, headers: { "KV-Operation": "DEL" } }));
    },
  };
}

function toWritten(what: string, published: Published): Written {
  if (published.kind === "refused") throw toRefusal(what, published);
  return published.kind === "stored" ? { kind: "written", revision: published.sequence } : { kind: "conflict" };
}
