import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readLines } from "./read-lines.ts";

async function collect(chunks: readonly Uint8Array[]): Promise<string[]> {
  async function* give(): AsyncGenerator<Uint8Array> {
    yield* chunks;
  }
  return await Array.fromAsync(readLines(give()));
}

describe("lines", () => {
  test("are the same however their bytes come", async () => {
    const line = fc.string({ unit: "binary" }).map((text) => text.toWellFormed().replaceAll("\n", ""));
    await fc.assert(
      fc.asyncProperty(
        fc.array(line, { maxLength: 8 }),
        fc.array(fc.nat(9), { maxLength: 20 }),
        async (lines, sizes) => {
          const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(""));
          const chunks: Buffer[] = [];
          let start = 0;
          for (const size of sizes) chunks.push(bytes.subarray(start, (start += size)));
          expect(await collect([...chunks, bytes.subarray(start)])).toEqual(lines);
        },
      ),
    );
  });

  test("that are cut off are none", async () => {
    expect(await collect([Buffer.from("whole\nhal"), Buffer.from("f")])).toEqual(["whole"]);
  });

  test("that never end are refused, with the limit", async () => {
    const megabyte = Buffer.alloc(1024 * 1024, "x");
    await expect(collect(Array.from({ length: 5 }, () => megabyte))).rejects.toThrow(
      "Cannot read a line: it has more than 4194304 bytes, at least 5242880",
    );
  });
});
