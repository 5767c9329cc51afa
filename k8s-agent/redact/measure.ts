/**
 * Measures what redaction costs: `node k8s-agent/redact/measure.ts`. Prints MiB/s of a log that looks like any, in pieces
 * of 64 KiB, for several sets of secrets, interleaved; compare them with each other, not with another machine's.
 */
import { randomBytes } from "node:crypto";
import { buildPatterns } from "./patterns.ts";
import { createRedactor } from "./redactor.ts";

const mebibytes = 64;
const words =
  'module.network.aws_vpc.main: Still creating... [10s elapsed] {"level":"info","msg":"apply complete"} Error: the quick brown fox\n';

function createLog(secrets: readonly string[]): Buffer {
  const vocabulary = words.split(" ");
  const list = Array.from({ length: 1 << 20 }, (_, index) =>
    index % 5000 === 4999 && secrets.length > 0
      ? secrets[index % secrets.length]?.slice(0, 40)
      : vocabulary[Math.floor(Math.random() * vocabulary.length)],
  );
  return Buffer.alloc(mebibytes << 20, list.join(" "));
}

const random = (length: number) => randomBytes(length).toString("base64url").slice(0, length);
const cases: Record<string, string[]> = {
  "no secret": [],
  "10 secrets of 6 to 30 characters": Array.from({ length: 10 }, (_, index) => random(6 + Math.round(index * 2.7))),
  "10 secrets of 20 to 50 characters": Array.from({ length: 10 }, (_, index) => random(20 + index * 3)),
  "a file of 10,000 secret lines": [
    Array.from({ length: 10_000 }, (_, index) => `key_${index} = ${random(24)}`).join("\n"),
  ],
  "one secret of 300 KiB": [random(300 * 1024)],
};

function measure(log: Buffer, patterns: ReturnType<typeof buildPatterns>): number {
  const redactor = createRedactor(patterns);
  const start = performance.now();
  for (let at = 0; at < log.length; at += 65_536)
    redactor.push({ mark: String(at), bytes: log.subarray(at, at + 65_536) });
  redactor.flush();
  return (mebibytes * 1000) / (performance.now() - start);
}

const prepared = Object.entries(cases).map(([name, secrets]) => {
  const start = performance.now();
  const patterns = buildPatterns(secrets);
  const build = performance.now() - start;
  return { name, patterns, build, log: createLog(secrets), rates: [] as number[] };
});
for (let round = 0; round < 5; round++) {
  for (const { log, patterns, rates } of prepared) rates.push(measure(log, patterns));
}
for (const { name, patterns, build, rates } of prepared) {
  const [least, , median, , most] = rates.toSorted((a, b) => a - b).map(Math.round);
  console.log(
    `${name}: ${patterns.count} patterns, built in ${Math.round(build)} ms: ${median} MiB/s (${least} to ${most})`,
  );
}
