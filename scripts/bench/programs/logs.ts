/** A log on its way to the broker: through redaction as a run's log goes, or as it is. */
import { randomBytes, randomUUID } from "node:crypto";
import { connectTo } from "../connect.ts";
import { bufferLimits } from "../../../k8s-agent/logs/chunk-buffer.ts";
import { publishLog } from "../../../k8s-agent/logs/publish-log.ts";
import { createReadAheadBudget } from "../../../k8s-agent/logs/read-ahead-budget.ts";
import type { LogPiece } from "../../../k8s-agent/launch/launcher.ts";
import { buildPatterns } from "../../../k8s-agent/redact/patterns.ts";
import { createNatsBus } from "../../../src/bus/nats/nats-bus.ts";
import { readNumber } from "../child.ts";
import { cluster } from "../keys.ts";
import { bareStream } from "../stage.ts";
import { answerQuestions, readVariable, sayLine } from "./lines.ts";

const pieceBytes = 64 * 1024;
const secrets = Array.from({ length: 10 }, (_, index) => randomBytes(8 + index * 3).toString("base64url"));
const patterns = buildPatterns(secrets);
/** A few pieces of a log as tools print it, now and then with a secret. */
const log = createLog(16 * pieceBytes);

function createLog(size: number): Buffer {
  const lines: string[] = [];
  for (let bytes = 0, line = 0; bytes < size; line++) {
    const secret = line % 500 === 499 ? ` password=${secrets[line % secrets.length]}` : "";
    lines.push(`{"level":"info","msg":"module.network.aws_vpc.main: Still creating... [${line}s elapsed]"${secret}}\n`);
    bytes += lines.at(-1)?.length ?? 0;
  }
  return Buffer.from(lines.join("").slice(0, size));
}

function* listPieces(mebibytes: number): Generator<Buffer> {
  for (let at = 0; at < mebibytes << 20; at += pieceBytes)
    yield log.subarray(at % log.length, (at % log.length) + pieceBytes);
}

const connection = await connectTo(readVariable("NATS_URL"));
const bus = createNatsBus({ connection });

async function* readLog(mebibytes: number): AsyncGenerator<LogPiece> {
  let at = 0;
  for (const bytes of listPieces(mebibytes)) {
    yield { mark: String(at), bytes };
    at += bytes.length;
  }
}

async function publishRedacted(mebibytes: number): Promise<void> {
  const end = await publishLog({
    address: { cluster, runId: randomRunId() },
    journal: bus.logs,
    launcher: { readLog: () => readLog(mebibytes) },
    readAheadBudget: createReadAheadBudget(bufferLimits),
    patterns,
    backoff: (attempt) => attempt(),
    now: () => new Date(),
    random: Math.random,
    signal: new AbortController().signal,
  });
  if (end.kind !== "ended") throw new Error(`Cannot measure: the log is ${end.kind}`);
}

function randomRunId(): string {
  return `01${randomUUID().replaceAll("-", "").slice(0, 24)}`;
}

/** `window`: how many messages may wait for their acknowledgement. */
async function publishBare(mebibytes: number, window: number): Promise<void> {
  const subject = `${bareStream.subject}.${randomUUID()}`;
  const pieces = listPieces(mebibytes);
  const work = async () => {
    for (const bytes of pieces) await connection.request(subject, bytes);
  };
  await Promise.all(Array.from({ length: window }, work));
}

sayLine({ ready: true });
await answerQuestions(async (question) => {
  const mebibytes = readNumber(question, "mebibytes");
  const window = readNumber(question, "window");
  const start = performance.now();
  await (window === 0 ? publishRedacted(mebibytes) : publishBare(mebibytes, window));
  return { rate: (mebibytes * 1000) / (performance.now() - start) };
});
