import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { LogCheckpoint } from "../../src/contract/log-chunk.ts";
import { buildPatterns, listPatterns, longestPattern } from "./patterns.ts";
import { createRedactor, type RedactedPart, type RawPiece } from "./redactor.ts";

function listBytes(secrets: string[]): Buffer[] {
  return listPatterns(secrets).map((pattern) => Buffer.from(pattern, "latin1"));
}

/** What redaction means, in the plainest way there is. */
function redactPlainly(bytes: Uint8Array, secrets: string[]): string {
  const text = Buffer.from(bytes);
  const matches: [number, number][] = [];
  for (const pattern of listBytes(secrets)) {
    for (let at = text.indexOf(pattern); at >= 0; at = text.indexOf(pattern, at + 1))
      matches.push([at, at + pattern.length]);
  }
  matches.sort(([a], [b]) => a - b);
  const out: Uint8Array[] = [];
  let end = 0;
  for (const [from, to] of matches) {
    if (from >= end) out.push(text.subarray(end, from), Buffer.from("***"));
    end = Math.max(end, to);
  }
  out.push(text.subarray(end));
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(Buffer.concat(out));
}

/** Pieces of a log from a place on; a mark is the place's number, as with a launcher that reads a file. */
function* cutPieces(bytes: Uint8Array, sizes: readonly number[], from = 0): Iterable<RawPiece> {
  let at = from;
  for (let index = 0; at < bytes.length; index++) {
    const size = sizes[index % sizes.length] ?? 1;
    // A buffer of its own that is wiped afterwards, as a launcher may use its own again.
    const piece = new Uint8Array(bytes.subarray(at, at + size));
    yield { mark: String(at), bytes: piece };
    piece.fill(0x21);
    at += size;
  }
}

interface Copied {
  readonly text: Buffer;
  readonly checkpoint: LogCheckpoint;
}

function redactAll(
  bytes: Uint8Array,
  secrets: string[],
  { sizes, resume }: { sizes: readonly number[]; resume?: LogCheckpoint },
) {
  const redactor = createRedactor(buildPatterns(secrets), { resume });
  const copy = (part: RedactedPart): Copied => ({ text: Buffer.from(part.text), checkpoint: part.checkpoint });
  const parts: Copied[] = [];
  for (const piece of cutPieces(bytes, sizes, Number(resume?.from ?? 0))) parts.push(...redactor.push(piece).map(copy));
  parts.push(...redactor.flush().map(copy));
  return { parts, text: Buffer.concat(parts.map((part) => part.text)) };
}

const characters = fc.constantFrom("a", "b", "a", "b", "a", "b", "é", "😀", " ", "\n", "+", "%", '"');
const secret = fc.oneof(
  fc.array(characters, { minLength: 6, maxLength: 14 }).map((list) => list.join("")),
  fc.string({ unit: "grapheme", minLength: 6, maxLength: 40 }).filter((text) => !text.includes("*")),
  fc.array(fc.constantFrom("a", "b", "é"), { minLength: 300, maxLength: 700 }).map((list) => list.join("")),
);
const secrets = fc.array(secret, { minLength: 0, maxLength: 4 });

/** Logs that are made of secrets, of their forms, of pieces of them, and of anything, valid UTF-8 or not. */
const scene = secrets.chain((secrets) => {
  const patterns = listBytes(secrets);
  const known = patterns.length === 0 ? [] : [fc.constantFrom(...patterns)];
  const cut = known.map((pattern) =>
    fc
      .tuple(pattern, fc.nat(300), fc.nat(300))
      .map(([bytes, from, to]) => bytes.subarray(from % bytes.length, (to % bytes.length) + 1)),
  );
  const noise = [
    fc.array(characters, { maxLength: 12 }).map((list) => Buffer.from(list.join(""))),
    fc.uint8Array({ maxLength: 6 }),
    fc.constantFrom("\0", "\uFEFF", "é", "😀").map((text) => Buffer.from(text)),
    fc
      .constantFrom([0xe2], [0xf0, 0x9f], [0x80, 0x80], [0xc3], [0xed, 0xa0, 0x80])
      .map((list) => Uint8Array.from(list)),
    fc.nat(5000).map((length) => Buffer.alloc(length, "ab😀")),
  ];
  return fc.record({
    secrets: fc.constant(secrets),
    bytes: fc
      .array(fc.oneof(...known, ...known, ...cut, ...noise), { maxLength: 25 })
      .map((list) => Buffer.concat(list)),
    sizes: fc.array(fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 9000 })), {
      minLength: 1,
      maxLength: 8,
    }),
    otherSizes: fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 4 }),
    interruptions: fc.array(fc.nat(), { minLength: 1, maxLength: 4 }),
  });
});

describe("a redactor", () => {
  test("gives the same output however the input is cut, namely the plain one", () => {
    fc.assert(
      fc.property(scene, ({ secrets, bytes, sizes }) => {
        expect(redactAll(bytes, secrets, { sizes }).text.toString()).toBe(redactPlainly(bytes, secrets));
      }),
      { numRuns: 400 },
    );
  });

  test("lets another one go on at any checkpoint, with the log cut otherwise", () => {
    fc.assert(
      fc.property(scene, ({ secrets, bytes, sizes, otherSizes, interruptions }) => {
        const whole = redactPlainly(bytes, secrets);
        let before = Buffer.alloc(0);
        let resume: LogCheckpoint | undefined;
        for (const [round, interruption] of interruptions.entries()) {
          const cut = round % 2 === 0 ? sizes : otherSizes;
          const { parts } = redactAll(bytes, secrets, { sizes: cut, ...(resume === undefined ? {} : { resume }) });
          // The last part may hold what only a log's end decides.
          const kept = parts.slice(0, parts.length === 0 ? 0 : interruption % parts.length);
          before = Buffer.concat([before, ...kept.map((part) => part.text)]);
          resume = kept.at(-1)?.checkpoint ?? resume;
        }
        const rest = redactAll(bytes, secrets, { sizes: otherSizes, ...(resume === undefined ? {} : { resume }) });
        expect(Buffer.concat([before, rest.text]).toString()).toBe(whole);
      }),
      { numRuns: 400 },
    );
  });

  test("leaves no pattern in the output, and every byte outside of matches as it was", () => {
    fc.assert(
      fc.property(scene, ({ secrets, bytes: any, sizes }) => {
        // An asterisk beside a mask couldn't be told from it.
        const bytes = any.filter((byte) => byte !== 0x2a);
        const { text } = redactAll(bytes, secrets, { sizes });
        for (const pattern of listBytes(secrets)) expect(text.indexOf(pattern)).toBe(-1);
        // Take the masks for wild cards: what is between them stands in the input in this order.
        let at = 0;
        const decoded = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
        for (const between of text.toString().split("***")) {
          if (between.includes("\uFFFD")) continue;
          const found = decoded.indexOf(between, at);
          expect(found).toBeGreaterThanOrEqual(at);
          at = found + between.length;
        }
      }),
      { numRuns: 200 },
    );
  });

  test("finds a secret that comes a byte at a time, and shows what only began like one", () => {
    const secrets = ["hunter22", "hunter22-long"];
    const log = Buffer.from("a hunter2 b hunter22 c hunter22-lo d hunter22-long e hunter");
    expect(redactAll(log, secrets, { sizes: [1] }).text.toString()).toBe("a hunter2 b *** c ***-lo d *** e hunter");
  });

  test("holds back no more than the longest pattern, and nothing where no pattern has begun", () => {
    const long = Buffer.from(
      Array.from({ length: 5000 }, (_, index) => String.fromCharCode(97 + ((index * 7) % 26))).join(""),
    );
    const redactor = createRedactor(buildPatterns([long.toString()]));
    const text = Buffer.concat([Buffer.from("before "), long.subarray(0, 4000)]);
    const shown: string[] = [];
    for (const piece of cutPieces(text, [100])) {
      for (const part of redactor.push(piece)) shown.push(Buffer.from(part.text).toString());
      const { from, skip } = redactor.checkpoint;
      expect(Number(piece.mark) + piece.bytes.length - Number(from) - skip).toBeLessThan(longestPattern);
    }
    expect(shown.join("")).toBe("before ***");
    expect(redactor.push({ mark: "x", bytes: Buffer.from("!") }).map((part) => String(part.text))).toEqual(["!"]);
  });

  test("shows one mask for an endless run of overlapping matches, and keeps going", () => {
    const redactor = createRedactor(buildPatterns(["ababab"]));
    let shown = "";
    for (let piece = 0; piece < 1000; piece++) {
      for (const part of redactor.push({ mark: String(piece), bytes: Buffer.alloc(1000, "ab") }))
        shown += String(part.text);
    }
    expect(redactor.checkpoint).toEqual({ from: "999", skip: 996, covered: 4 });
    for (const part of redactor.flush()) shown += String(part.text);
    expect(shown).toBe("***");
  });

  test("says a place as the mark of its piece and the bytes behind it", () => {
    const redactor = createRedactor(buildPatterns(["secret-1"]));
    expect(redactor.checkpoint).toEqual({ from: "", skip: 0, covered: 0 });
    redactor.push({ mark: "m0", bytes: Buffer.from("12345 sec") });
    expect(redactor.checkpoint).toEqual({ from: "m0", skip: 6, covered: 0 });
    redactor.push({ mark: "m1", bytes: Buffer.from("re") });
    expect(redactor.checkpoint).toEqual({ from: "m0", skip: 6, covered: 0 });
    redactor.push({ mark: "m2", bytes: Buffer.from("t, se") });
    expect(redactor.checkpoint).toEqual({ from: "m2", skip: 3, covered: 0 });
    redactor.push({ mark: "m3", bytes: Buffer.from("en") });
    expect(redactor.checkpoint).toEqual({ from: "m3", skip: 2, covered: 0 });
    redactor.push({ mark: "m4", bytes: Buffer.alloc(0) });
    redactor.push({ mark: "m5", bytes: Buffer.alloc(0) });
    expect(redactor.checkpoint).toEqual({ from: "m5", skip: 0, covered: 0 });
  });

  test("drops what a checkpoint skips, over several pieces, and what is covered", () => {
    const redactor = createRedactor(buildPatterns(["secret-1"]), { resume: { from: "m", skip: 7, covered: 3 } });
    const pieces = ["123", "4567", "t-", "1 and secret-1"].map((text) => Buffer.from(text));
    const parts = pieces.flatMap((bytes, index) =>
      redactor.push({ mark: `m${index}`, bytes }).map((part) => String(part.text)),
    );
    expect(parts.join("")).toBe(" and ***");
    expect(redactor.checkpoint).toEqual({ from: "m3", skip: 14, covered: 0 });
  });

  test("passes NUL through, and shows U+FFFD for what is no UTF-8, also when it is cut", () => {
    const log = Buffer.concat([
      Buffer.from("a\0b"),
      Uint8Array.of(0xff, 0xe2, 0x82),
      Buffer.from("c€"),
      Uint8Array.of(0xf0, 0x9f),
    ]);
    for (const sizes of [[1], [100]]) {
      expect(redactAll(log, ["hunter22"], { sizes }).text.toString()).toBe("a\0b\uFFFD\uFFFDc€\uFFFD");
    }
  });
});
