/**
 * Measures a log's way to a bus in memory: `node --expose-gc k8s-agent/logs/measure.ts`. Prints MiB/s without and with
 * redaction, interleaved, of logs of 100 MiB, and how much the process grew meanwhile.
 */
import { randomBytes } from "node:crypto";
import { createMemoryBus } from "../../src/bus/memory/memory-bus.ts";
import type { LogPiece } from "../launch/launcher.ts";
import { buildPatterns } from "../redact/patterns.ts";
import { bufferLimits } from "./chunk-buffer.ts";
import { publishLog } from "./publish-log.ts";
import { createReadAheadBudget } from "./read-ahead-budget.ts";

const mebibytes = 100;
const piece = 65_536;
const line = '{"level":"info","msg":"module.network.aws_vpc.main: Still creating... [10s elapsed]"}\n';
const logs = {
  "of lines": Buffer.alloc(piece * 7, line),
  "without a line's end": Buffer.alloc(piece * 7, "x"),
  "that is noise": randomBytes(piece * 7),
};
const secrets = Array.from({ length: 10 }, (_, index) => randomBytes(6 + index * 3).toString("base64url"));
const patterns = { without: buildPatterns([]), with: buildPatterns(secrets) };

async function* readLog(log: Buffer): AsyncGenerator<LogPiece> {
  for (let at = 0; at < mebibytes << 20; at += piece) {
    // A buffer of its own, as from a file; and a turn of the event loop.
    await new Promise((resolve) => setImmediate(resolve));
    const from = at % log.length;
    yield { mark: String(at), bytes: new Uint8Array(log.subarray(from, from + piece)) };
  }
}

async function measure(log: Buffer, masking: "without" | "with") {
  const bus = createMemoryBus({ maxLogBytes: 1 << 20 });
  globalThis.gc?.();
  const before = process.memoryUsage().rss;
  const start = performance.now();
  await publishLog({
    address: { cluster: "local", runId: "01k0000000000000000000000a" },
    journal: bus.logs,
    launcher: { readLog: () => readLog(log) },
    readAheadBudget: createReadAheadBudget(bufferLimits),
    patterns: patterns[masking],
    backoff: (attempt) => attempt(),
    now: () => new Date(),
    random: Math.random,
    signal: new AbortController().signal,
  });
  const rate = (mebibytes * 1000) / (performance.now() - start);
  return { rate, grown: (process.memoryUsage().rss - before) / (1 << 20) };
}

for (let round = 0; round < 4; round++) {
  for (const [name, log] of Object.entries(logs)) {
    const plain = await measure(log, "without");
    const masked = await measure(log, "with");
    const ratio = (masked.rate / plain.rate).toFixed(2);
    const grown = Math.round(Math.max(plain.grown, masked.grown));
    console.log(
      `${mebibytes} MiB ${name}: ${Math.round(plain.rate)} MiB/s, masked ${Math.round(masked.rate)} MiB/s (${ratio}); grew by ${grown} MiB`,
    );
  }
}
