import { isUtf8 } from "node:buffer";
import { once } from "node:events";
import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createMemoryBus } from "../../src/bus/memory/memory-bus.ts";
import { BusUnavailable, type Journal } from "../../src/bus/port.ts";
import { decodeLogChunk, type LogChunk } from "../../src/contract/log-chunk.ts";
import { limits } from "../../src/contract/limits.ts";
import type { RunAddress } from "../../src/contract/names.ts";
import type { LogPiece } from "../launch/launcher.ts";
import { buildPatterns } from "../redact/patterns.ts";
import { createRedactor } from "../redact/redactor.ts";
import { bufferLimits } from "./chunk-buffer.ts";
import { publishLog, type PublishLogOptions } from "./publish-log.ts";
import { createReadAheadBudget, leastBytes } from "./read-ahead-budget.ts";
import type { Schedule } from "./timers.ts";

const address: RunAddress = { cluster: "local", runId: "01k0000000000000000000000a" };
const otherAddress: RunAddress = { cluster: "local", runId: "01k0000000000000000000000b" };
const secret = "canary-7c1f-secret";
const patterns = buildPatterns([secret]);

type ReadLog = PublishLogOptions["launcher"]["readLog"];

/** A log that is in a file, as the local launcher's: marks are places, and pieces may be cut anywhere. */
function logOf(text: string | Uint8Array, pieceBytes = 65_536): ReadLog {
  const bytes = Buffer.from(text);
  return async function* (_, { from, signal }) {
    for (let at = Number(from ?? 0); at < bytes.length && !signal.aborted; at += pieceBytes) {
      await turn();
      yield { mark: String(at), bytes: bytes.subarray(at, at + pieceBytes) };
    }
  };
}

function logOfPieces(...pieces: LogPiece[]): ReadLog {
  return async function* () {
    yield* pieces;
  };
}

function publish(journal: Journal, readLog: ReadLog, options: Partial<PublishLogOptions> = {}) {
  return publishLog({
    address,
    journal,
    launcher: { readLog },
    readAheadBudget: createReadAheadBudget(bufferLimits),
    patterns,
    backoff: retry,
    now: () => new Date(0),
    random: Math.random,
    signal: new AbortController().signal,
    ...options,
  });
}

/** On a busy machine a chunk's time is over before it is full. */
const neverDue: Schedule = () => () => undefined;

/** Tries again at once. */
const retry: PublishLogOptions["backoff"] = async (attempt, isTransient) => {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!isTransient(error)) throw error;
      await turn();
    }
  }
};

/** All chunks of the run up to the last one that is stored now. */
async function readChunks(journal: Journal, of = address): Promise<LogChunk[]> {
  const last = await journal.last(of);
  const chunks: LogChunk[] = [];
  if (last === undefined) return chunks;
  for await (const entry of journal.follow(of, { after: 0, signal: new AbortController().signal })) {
    const chunk = decodeLogChunk(entry.data);
    if (!chunk.ok) throw new Error(chunk.problem);
    chunks.push(chunk.value);
    if (entry.sequence >= last.sequence) break;
  }
  return chunks;
}

function textOf(chunks: readonly LogChunk[]): string {
  return Buffer.concat(chunks.map(({ text }) => text)).toString();
}

function redact(text: Uint8Array, values = [secret]): string {
  const redactor = createRedactor(buildPatterns(values));
  const parts = [...redactor.push({ mark: "", bytes: text }), ...redactor.flush()];
  return Buffer.concat(parts.map((part) => part.text)).toString();
}

/** Every chunk in order, none missing, only the last one marked as the end. */
function expectWhole(chunks: readonly LogChunk[]): void {
  expect(chunks.map(({ header }) => header.index)).toEqual(chunks.map((_, index) => index));
  expect(chunks.map(({ header }) => header.end === true)).toEqual(
    chunks.map((_, index) => index === chunks.length - 1),
  );
  for (const { text } of chunks) expect(text.length).toBeLessThanOrEqual(limits.logChunkBytes);
}

describe("publishing a log", () => {
  test("stores the redacted text, and says how it ends", async () => {
    const { logs } = createMemoryBus();
    const end = await publish(logs, logOf(`start\ntoken=${secret}\nError: it broke\n`, 10));
    const tail = "start\ntoken=***\nError: it broke\n";
    expect(end).toEqual({ kind: "ended", lastLine: "Error: it broke", tail });
    const chunks = await readChunks(logs);
    expect(textOf(chunks)).toBe(tail);
    expectWhole(chunks);
    expect(chunks[0]?.header.time).toBe("1970-01-01T00:00:00.000Z");
  });

  test("of nothing stores one empty chunk that says so", async () => {
    const { logs } = createMemoryBus();
    expect(await publish(logs, logOf(""))).toEqual({ kind: "ended", lastLine: "", tail: "" });
    const chunks = await readChunks(logs);
    expect(chunks).toHaveLength(1);
    expect(chunks[0]?.header).toMatchObject({ index: 0, end: true });
  });

  test("passes NUL through and replaces what is no UTF-8", async () => {
    const { logs } = createMemoryBus();
    await publish(logs, logOf(Buffer.from("a\0b\xff\xfec", "latin1"), 1));
    expect(textOf(await readChunks(logs))).toBe("a\0b\uFFFD\uFFFDc");
  });

  test("cuts a line of 20 MiB in full chunks, between characters", async () => {
    const { logs } = createMemoryBus();
    const line = Buffer.alloc(7 * 3_000_000, "x😀é");
    const end = await publish(logs, logOf(Buffer.concat([line, Buffer.from(`${secret} end\n`)]), 65_537), {
      schedule: neverDue,
    });
    const chunks = await readChunks(logs);
    expectWhole(chunks);
    expect(chunks.every(({ text }) => isUtf8(text))).toBe(true);
    for (const { text } of chunks.slice(0, -1)) expect(text.length).toBeGreaterThan(limits.logChunkBytes - 4200);
    expect(textOf(chunks) === `${line.toString()}*** end\n`).toBe(true);
    expect(end).toMatchObject({ lastLine: line.subarray(0, 1023).toString() });
  });

  test("gives noise, which is no UTF-8 at all, three times its room", async () => {
    const { logs } = createMemoryBus();
    await publish(logs, logOf(Buffer.alloc(300_000, 0xff)));
    const chunks = await readChunks(logs);
    expectWhole(chunks);
    expect(textOf(chunks) === "\uFFFD".repeat(300_000)).toBe(true);
  });
});

describe("the pace of a log", () => {
  test("a chunk waits for more until its time is over, and not longer", async () => {
    const { logs } = createMemoryBus();
    const timers: { milliseconds: number; action: () => void }[] = [];
    const schedule: Schedule = (milliseconds, action) => {
      timers.push({ milliseconds, action });
      return () => {};
    };
    const done = new AbortController();
    const read: ReadLog = async function* () {
      yield { mark: "0", bytes: Buffer.from("one ") };
      yield { mark: "4", bytes: Buffer.from("two ") };
      await turn();
      await turn();
      expect(await logs.last(address)).toBeUndefined();
      expect(timers.map(({ milliseconds }) => milliseconds)).toEqual([limits.logChunkMilliseconds]);
      timers[0]?.action();
      for await (const _ of logs.follow(address, { after: 0, signal: done.signal })) break;
      expect(textOf(await readChunks(logs))).toBe("one two ");
      yield { mark: "8", bytes: Buffer.from("three") };
    };
    await publish(logs, read, { schedule });
    expect((await readChunks(logs)).map(({ text }) => Buffer.from(text).toString())).toEqual(["one two ", "three"]);
  });

  test("reading goes on while a chunk is on its way, up to a bound, and the next chunks are full", async () => {
    const { logs } = createMemoryBus();
    const gate = Promise.withResolvers<void>();
    let read = 0;
    const bytes = Buffer.alloc(3 * bufferLimits.mostBytes, "0123456789abcde\n");
    const pieces: ReadLog = async function* () {
      for (; read < bytes.length; read += 65_536)
        yield { mark: String(read), bytes: bytes.subarray(read, read + 65_536) };
    };
    const appending = Promise.withResolvers<void>();
    const slow: Journal = {
      ...logs,
      async append(...args) {
        appending.resolve();
        await gate.promise;
        return logs.append(...args);
      },
    };
    const publishing = publish(slow, pieces, { schedule: neverDue });
    await appending.promise;
    let before = -1;
    // It has stopped where a few turns of the event loop bring nothing more.
    for (let still = 0; still < 20; still = before === read ? still + 1 : 0) {
      before = read;
      await turn();
    }
    expect(read).toBeGreaterThanOrEqual(bufferLimits.mostBytes - 65_536);
    expect(read).toBeLessThanOrEqual(bufferLimits.mostBytes + 2 * 65_536);
    gate.resolve();
    await publishing;
    const chunks = await readChunks(logs);
    expectWhole(chunks);
    expect(textOf(chunks) === bytes.toString()).toBe(true);
    expect(chunks.length).toBeLessThanOrEqual(Math.ceil(bytes.length / (limits.logChunkBytes - 4096)) + 2);
  });
});

describe("logs that wait for the broker together", () => {
  const pieceBytes = 16_384;
  const size = 4 * leastBytes;

  /** Resolves when a few turns of the event loop bring nothing more. */
  async function settle(read: () => number): Promise<void> {
    let before = -1;
    for (let still = 0; still < 20; still = before === read() ? still + 1 : 0) {
      before = read();
      await turn();
    }
  }

  test("hold so much in all, and a little each; later ones too, and all are whole in the end", async () => {
    const readAheadBudget = createReadAheadBudget({ mostBytes: 3 * leastBytes, mostBytesOfAll: 8 * leastBytes });
    const gate = Promise.withResolvers<void>();
    const { logs } = createMemoryBus();
    const slow: Journal = {
      ...logs,
      async append(...args) {
        await gate.promise;
        return logs.append(...args);
      },
    };
    const read: number[] = [];
    const text = Buffer.alloc(size, "0123456789abcde\n");
    const start = (number: number) => {
      read[number] = 0;
      const readLog: ReadLog = async function* () {
        for (let at = 0; at < size; at += pieceBytes) {
          read[number] = at;
          yield { mark: String(at), bytes: text.subarray(at, at + pieceBytes) };
        }
      };
      const of = { ...address, runId: `${address.runId.slice(0, -2)}${number + 10}` };
      return { of, ended: publish(slow, readLog, { address: of, readAheadBudget, schedule: neverDue }) };
    };
    const total = () => read.reduce((sum, bytes) => sum + bytes, 0);
    const early = Array.from({ length: 4 }, (_, number) => start(number));
    await settle(total);
    const late = Array.from({ length: 4 }, (_, number) => start(number + 4));
    await settle(total);
    expect(readAheadBudget.held).toBeLessThan(8 * leastBytes + 8 * (leastBytes + 2 * pieceBytes));
    for (const bytes of read) expect(bytes).toBeGreaterThanOrEqual(leastBytes - 2 * pieceBytes);
    expect(Math.max(...read)).toBeLessThan(size - pieceBytes);

    gate.resolve();
    for (const { of, ended } of [...early, ...late]) {
      await ended;
      expect(textOf(await readChunks(logs, of)) === text.toString()).toBe(true);
    }
    expect(readAheadBudget.held).toBe(0);
  });

  test("have what one of them held when its run is let go of", async () => {
    const readAheadBudget = createReadAheadBudget({ mostBytes: 4 * leastBytes, mostBytesOfAll: leastBytes });
    const held = new AbortController();
    const away: Journal = { ...createMemoryBus().logs, append: () => new Promise<never>(() => {}) };
    const endless: ReadLog = async function* (_, { signal }) {
      for (let at = 0; !signal.aborted; at += pieceBytes) yield { mark: String(at), bytes: new Uint8Array(pieceBytes) };
    };
    const backoff: PublishLogOptions["backoff"] = (attempt) =>
      Promise.race([attempt(), once(held.signal, "abort").then(() => Promise.reject(new Error("let go")))]);
    const publishing = publish(away, endless, { readAheadBudget, signal: held.signal, backoff, schedule: neverDue });
    await settle(() => readAheadBudget.held);
    expect(readAheadBudget.held).toBeGreaterThan(leastBytes / 2);
    held.abort();
    await expect(publishing).rejects.toThrow("let go");
    expect(readAheadBudget.held).toBe(0);
  });
});

describe("the fence", () => {
  test("stops a writer whose run another replica writes", async () => {
    const { logs } = createMemoryBus();
    const read: ReadLog = async function* (runId, options) {
      yield { mark: "0", bytes: Buffer.from("mine") };
      // The other replica is through before this one's first chunk is due.
      await publish(logs, logOf("theirs"));
      yield* logOf("more")(runId, options);
    };
    expect(await publish(logs, read)).toEqual({ kind: "fenced" });
    expect(textOf(await readChunks(logs))).toBe("theirs");
  });

  test("lets only one of two through that write at once, whoever it is", async () => {
    const text = Buffer.from(`line with ${secret}\n`.repeat(20_000));
    const { logs } = createMemoryBus();
    const ends = await Promise.all([publish(logs, logOf(text)), publish(logs, logOf(text, 5000))]);
    expect(ends.map(({ kind }) => kind).toSorted()).toEqual(["ended", "fenced"]);
    const chunks = await readChunks(logs);
    expectWhole(chunks);
    expect(textOf(chunks)).toBe(redact(text));
  });

  test.each([
    ["and knows the message again", true],
    ["and has forgotten the message", false],
  ])("carries on when the broker stored a chunk without answering, %s", async (_, knows) => {
    const { logs } = createMemoryBus();
    let calls = 0;
    const losing: Journal = {
      ...logs,
      async append(to, data, options) {
        const id = knows ? options.id : `${options.id}.${calls}`;
        const appended = await logs.append(to, data, { ...options, id });
        if (calls++ % 2 === 0) throw new BusUnavailable("append an entry");
        return appended;
      },
    };
    const text = "0123456789abcde\n".repeat(30_000);
    expect(await publish(losing, logOf(text))).toMatchObject({ kind: "ended" });
    const chunks = await readChunks(logs);
    expectWhole(chunks);
    expect(textOf(chunks) === text).toBe(true);
  });

  test("goes on when the stream's limits have taken all that the run had", async () => {
    const { logs } = createMemoryBus();
    let forgotten = false;
    const forgetful: Journal = {
      ...logs,
      // As JetStream answers: the last sequence of a subject without messages is 0.
      async append(to, data, options) {
        if (forgotten && options.after !== 0) return { kind: "conflict" };
        forgotten = !forgotten;
        return logs.append(forgotten ? to : otherAddress, data, options);
      },
      last: async (of) => (forgotten ? undefined : logs.last(of)),
    };
    expect(await publish(forgetful, logOf("x".repeat(100_000)))).toMatchObject({ kind: "ended" });
    const chunks = [...(await readChunks(logs)), ...(await readChunks(logs, otherAddress))];
    expect(textOf(chunks)).toBe("x".repeat(100_000));
  });
});

describe("a broker that is away", () => {
  test("is waited for, and then gets every chunk once", async () => {
    const { logs } = createMemoryBus();
    let calls = 0;
    const moody = <T>(call: () => Promise<T>) =>
      calls++ % 3 === 0 ? call() : Promise.reject(new BusUnavailable("answer"));
    const journal: Journal = {
      append: (...args) => moody(() => logs.append(...args)),
      last: (...args) => moody(() => logs.last(...args)),
      read: (...args) => logs.read(...args),
      follow: (...args) => logs.follow(...args),
    };
    const warnings: string[] = [];
    const logger = { warn: (_: unknown, sentence: string) => warnings.push(sentence) };
    const text = "0123456789abcde\n".repeat(30_000);
    await publish(journal, logOf(text), { logger });
    const chunks = await readChunks(logs);
    expectWhole(chunks);
    expect(textOf(chunks) === text).toBe(true);
    expect(new Set(warnings)).toEqual(new Set(["The log waits for the broker"]));
  });

  test("is waited for only as long as the run is held", async () => {
    const { logs } = createMemoryBus();
    const held = new AbortController();
    const reason = new Error("lease lost");
    let calls = 0;
    const journal: Journal = {
      ...logs,
      async append() {
        if (++calls === 3) held.abort(reason);
        throw new BusUnavailable("append an entry");
      },
    };
    await expect(publish(journal, logOf("text"), { signal: held.signal })).rejects.toBe(reason);
    expect(calls).toBe(3);
    expect(await logs.last(address)).toBeUndefined();
  });
});

describe("a run that is adopted", () => {
  const piece = fc.oneof(
    fc.constantFrom(
      secret,
      secret.slice(0, 9),
      `${secret}${secret}`,
      "é😀\n",
      "x".repeat(3000),
      Buffer.from(secret).toString("base64"),
    ),
    fc.string({ maxLength: 20 }),
  );

  test(
    "has its log continued at any place, without a lost, doubled or unmasked byte",
    { timeout: 60_000 },
    async () => {
      const scene = fc.record({
        text: fc.array(piece, { maxLength: 60 }).map((pieces) => Buffer.from(pieces.join(""))),
        // For each replica: how its launcher cuts the log, and how many chunks it stores until it dies.
        lives: fc.array(fc.record({ size: fc.integer({ min: 1, max: 3000 }), chunks: fc.nat(4), lost: fc.boolean() }), {
          maxLength: 6,
        }),
      });
      await fc.assert(
        fc.asyncProperty(scene, async ({ text, lives }) => {
          const { logs } = createMemoryBus();
          for (const life of lives) await liveShortly(logs, text, life);
          const end = await publish(logs, logOf(text, 1000), { schedule: atOnce });
          const chunks = await readChunks(logs);
          expectWhole(chunks);
          const whole = redact(text);
          expect(textOf(chunks)).toBe(whole);
          expect(whole).not.toContain(secret);
          const fresh = await publish(createMemoryBus().logs, logOf(text, 1000));
          expect(end).toEqual(fresh);
        }),
        { numRuns: 150 },
      );
    },
  );

  /** Every part is due at once, so that there are many chunks. */
  const atOnce: Schedule = (_, action) => {
    const immediate = setImmediate(action);
    return () => clearImmediate(immediate);
  };

  async function liveShortly(logs: Journal, text: Uint8Array, life: { size: number; chunks: number; lost: boolean }) {
    const dead = new AbortController();
    let left = life.chunks;
    const journal: Journal = {
      ...logs,
      async append(...args) {
        if (left-- > 0) return logs.append(...args);
        dead.abort();
        // It may still have been stored, without anybody knowing.
        if (life.lost) await logs.append(...args);
        throw new BusUnavailable("append an entry");
      },
    };
    const publishing = publish(journal, logOf(text, life.size), { signal: dead.signal, schedule: atOnce });
    await publishing.catch((error: unknown) => expect(dead.signal.aborted, String(error)).toBe(true));
  }

  test("has nothing left to do when its log is stored to the end, and says the same as the first replica", async () => {
    const { logs } = createMemoryBus();
    const first = await publish(logs, logOf("x".repeat(200_000) + "\nError: the end\n"));
    const never: ReadLog = () => {
      throw new Error("nothing is to be read");
    };
    expect(await publish(logs, never)).toEqual(first);
    expect(await readChunks(logs).then((chunks) => chunks.filter(({ header }) => header.end))).toHaveLength(1);
  });

  test("has its last line found behind an empty last chunk, and between other runs' entries", async () => {
    const { logs } = createMemoryBus();
    const read: ReadLog = async function* () {
      for (const [index, word] of ["Error: ", "it ", "broke\n"].entries()) {
        yield { mark: String(index), bytes: Buffer.from(word) };
        for await (const _ of logs.follow(address, { after: 0, signal: AbortSignal.timeout(20_000) })) break;
        for (let other = 0; other < 40; other++) await logs.append(otherAddress, new Uint8Array(), await next());
      }
    };
    const next = async () => ({ id: String(Math.random()), after: (await logs.last(otherAddress))?.sequence ?? 0 });
    const first = await publish(logs, read, { schedule: atOnce });
    expect(first).toEqual({ kind: "ended", lastLine: "Error: it broke", tail: "Error: it broke\n" });
    expect(await publish(logs, logOf(""))).toEqual(first);
  });

  test("has its tail from the last chunk alone when the entries before it can't be followed to it", async () => {
    const { logs } = createMemoryBus();
    await publish(logs, logOf("the end\n"));
    const silent: Journal = {
      ...logs,
      follow: (_, options) => logs.follow(otherAddress, options),
    };
    const impatient: Schedule = (_, action) => (action(), () => {});
    expect(await publish(silent, logOf(""), { schedule: impatient })).toMatchObject({ tail: "the end\n" });
  });

  test("is left alone when its last entry is none of ours", async () => {
    const { logs } = createMemoryBus();
    await logs.append(address, Buffer.from("no chunk"), { id: "1", after: 0 });
    await expect(publish(logs, logOf("text"))).rejects.toThrow(
      `Cannot go on with the log of run ${address.runId}: a log chunk without a header line`,
    );
  });
});

describe("a launcher", () => {
  test("that lost some of the log has that said in the chunk behind the gap", async () => {
    const { logs } = createMemoryBus();
    const gap = { bytes: 1234, reason: "rotated" };
    const half = secret.length / 2;
    const end = await publish(
      logs,
      logOfPieces(
        { mark: "a", bytes: Buffer.from(`before ${secret.slice(0, half)}`) },
        { mark: "b", bytes: Buffer.from(`${secret.slice(half)} after `), gap },
        { mark: "c", bytes: new Uint8Array(), gap: { reason: "again" } },
        { mark: "d", bytes: Buffer.from("and on ") },
        { mark: "e", bytes: new Uint8Array(), gap: { reason: "at the end" } },
      ),
    );
    expect(end).toMatchObject({ kind: "ended", lastLine: `before ${secret} after and on` });
    const chunks = await readChunks(logs);
    expectWhole(chunks);
    expect(chunks.map(({ header, text }) => [header.gap, Buffer.from(text).toString()])).toEqual([
      [undefined, `before ${secret.slice(0, half)}`],
      [gap, `${secret.slice(half)} after `],
      [{ reason: "again" }, "and on "],
      [{ reason: "at the end" }, ""],
    ]);
    expect(chunks.map(({ header }) => header.checkpoint.from)).toEqual(["a", "b", "d", "e"]);
  });

  test("that can't go on from where the log stands has all that it still has shown, behind the gap", async () => {
    const { logs } = createMemoryBus();
    const failing = async function* () {
      yield { mark: "a", bytes: Buffer.from("12345 ") };
      throw new Error("the first replica dies");
    };
    await expect(publish(logs, failing)).rejects.toThrow("the first replica dies");
    const gap = { reason: "rotated away" };
    await publish(logs, logOfPieces({ mark: "x", bytes: Buffer.from("67890"), gap }));
    const chunks = await readChunks(logs);
    expect(textOf(chunks)).toBe("12345 67890");
    expect(chunks.map(({ header }) => header.gap)).toEqual([undefined, gap]);
  });

  test("that says the same gap again to whoever goes on behind it has it stored once", async () => {
    const { logs } = createMemoryBus();
    const pieces: LogPiece[] = [
      { mark: "0", bytes: Buffer.from("all that fitted") },
      { mark: "15", bytes: new Uint8Array(), gap: { reason: "the disk was full" } },
    ];
    const failing = async function* () {
      yield* pieces;
      throw new Error("the first replica dies");
    };
    await expect(publish(logs, failing)).rejects.toThrow("the first replica dies");
    expect(await publish(logs, logOfPieces(...pieces.slice(1)))).toMatchObject({ tail: "all that fitted" });
    const chunks = await readChunks(logs);
    expectWhole(chunks);
    expect(chunks.map(({ header }) => header.gap?.reason)).toEqual([undefined, "the disk was full", undefined]);
  });

  test("that fails has what it gave stored, and is asked again from there", async () => {
    const { logs } = createMemoryBus();
    const failing: ReadLog = async function* (runId, options) {
      for await (const piece of logOf("first half, ")(runId, options)) yield piece;
      throw new Error("Cannot read the log: the API server is away");
    };
    await expect(publish(logs, failing)).rejects.toThrow("the API server is away");
    expect(textOf(await readChunks(logs))).toBe("first half, ");
    expect(await publish(logs, logOf("first half, second half"))).toMatchObject({ tail: "first half, second half" });
    expectWhole(await readChunks(logs));
  });

  test("that ends because the run was let go of doesn't end the log", async () => {
    const { logs } = createMemoryBus();
    const held = new AbortController();
    const read: ReadLog = async function* (_, { signal }) {
      yield { mark: "0", bytes: Buffer.from("text") };
      held.abort(new Error("lease lost"));
      expect(signal.aborted).toBe(true);
    };
    await expect(publish(logs, read, { signal: held.signal })).rejects.toThrow("lease lost");
    expect(await logs.last(address)).toBeUndefined();
  });

  test("is told to stop when the writer is fenced", async () => {
    const { logs } = createMemoryBus();
    let stopped = false;
    const read: ReadLog = async function* (_, { signal }) {
      yield { mark: "0", bytes: Buffer.from("mine") };
      await publish(logs, logOf("theirs"));
      if (!signal.aborted) await once(signal, "abort");
      stopped = true;
    };
    expect(await publish(logs, read)).toEqual({ kind: "fenced" });
    expect(stopped).toBe(true);
  });
});
