/**
 * A program that follows a run's log, as whoever shows it to people does: `node log-reader.ts <broker> <cluster> <runId>`.
 * Says `reading` at the first chunk; at the end, how many chunks there were, whether one was missing, and a hash of the text.
 */
import { createHash } from "node:crypto";
import { connect } from "@nats-io/transport-node";
import { createNatsBus } from "../../src/bus/nats/nats-bus.ts";
import { decodeLogChunk } from "../../src/contract/log-chunk.ts";

const [servers = "", cluster = "", runId = ""] = process.argv.slice(2);
const connection = await connect({ servers, reconnectTimeWait: 250, maxReconnectAttempts: -1 });
const bus = createNatsBus({ connection, ownsConnection: true });
const hash = createHash("sha256");
let count = 0;
let slowest = 0;
for await (const { data } of bus.logs.follow({ cluster, runId }, { after: 0, signal: AbortSignal.timeout(120_000) })) {
  const chunk = decodeLogChunk(data);
  if (!chunk.ok) throw new Error(`Cannot read a chunk: ${chunk.problem}`);
  const { header, text } = chunk.value;
  if (header.index !== count) throw new Error(`Cannot find chunk ${count}: chunk ${header.index} came in its place`);
  if (count++ === 0) console.log("reading");
  hash.update(text);
  slowest = Math.max(slowest, Date.now() - Date.parse(header.time));
  if (header.end === true) break;
}
console.log(`${count} chunks, slowest ${slowest} ms, sha256 ${hash.digest("hex")}`);
await bus.close();
