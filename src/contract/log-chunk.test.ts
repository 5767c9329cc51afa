import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeLogChunk, encodeLogChunk, type LogChunkHeader } from "./log-chunk.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const header: LogChunkHeader = {
  v: 1,
  index: 0,
  time: "2027-01-15T08:00:00.123Z",
  checkpoint: { from: "0", skip: 12, covered: 0 },
};

describe("a log chunk", () => {
  test.for([
    { header, text: bytes("one line\nand another\n") },
    { header, text: bytes("") },
    { header: { ...header, index: 1e6, end: true }, text: bytes('ü😀 \u001b[31m{"v":2}\n') },
    { header: { ...header, gap: { reason: "rotated" } }, text: bytes("\n\n") },
    { header: { ...header, gap: { bytes: 2 ** 40, reason: "line\nbreak" } }, text: bytes("x") },
  ])("comes out of its bytes as it went in", (chunk) => {
    expect(decodeLogChunk(encodeLogChunk(chunk))).toEqual({ ok: true, value: chunk });
  });

  test("carries any bytes, NUL and invalid UTF-8 included", () => {
    const property = fc.property(fc.uint8Array({ maxLength: 200 }), (text) => {
      const decoded = decodeLogChunk(encodeLogChunk({ header, text }));
      expect(decoded.ok && [...decoded.value.text]).toEqual([...text]);
    });
    fc.assert(property, { numRuns: 200 });
  });

  test("of a newer writer is read", () => {
    const newer = bytes(`${JSON.stringify({ ...header, stream: "stderr" })}\ntext`);
    expect(decodeLogChunk(newer)).toEqual({ ok: true, value: { header, text: bytes("text") } });
  });

  test.for([
    [bytes(""), "a log chunk without a header line"],
    [bytes("text without a header"), "a log chunk without a header line"],
    [bytes("text\nmore"), "not JSON"],
    [bytes("[]\n"), "v is missing"],
    [bytes("{}\n"), "v is missing"],
    [bytes(`${JSON.stringify({ ...header, v: 2 })}\n`), "v is a number, must be 1"],
    [bytes(`${JSON.stringify({ ...header, checkpoint: 5 })}\n`), "checkpoint is a number, must be an object"],
    [bytes(`${JSON.stringify({ ...header, index: -1 })}\n`), "index must be at least 0"],
    [bytes(`${JSON.stringify({ ...header, index: 1e16 })}\n`), "index must be a whole number"],
    [bytes(`${JSON.stringify({ ...header, time: "x" })}\n`), "time must be a time"],
    [bytes(`${JSON.stringify({ ...header, gap: { reason: "x".repeat(1025) } })}\n`), "gap.reason is 1025 characters"],
    [new Uint8Array([0xff, 0x0a]), "not UTF-8"],
  ] as const)("is refused: %#", ([data, problem]) => {
    const decoded = decodeLogChunk(data);
    expect(decoded.ok ? "taken" : decoded.problem).toContain(problem);
  });
});
