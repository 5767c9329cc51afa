/** Writes tar archives (POSIX ustar), piece by piece: a file is never in memory as a whole. */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { Content, Entry } from "./entry.ts";

const block = 512;
const typeFlags = { file: "0", link: "2", directory: "5" } as const;

/** The archive of these entries, in their order. The same entries give the same bytes. */
export async function* writeTar(entries: Iterable<Entry> | AsyncIterable<Entry>): AsyncGenerator<Uint8Array> {
  for await (const entry of entries) {
    const size = entry.kind === "file" ? await measure(entry.content) : 0;
    yield buildHeader(entry, size);
    if (entry.kind === "file") yield* readContent(entry, size);
    yield new Uint8Array((block - (size % block)) % block);
  }
  // The end of an archive: two empty blocks.
  yield new Uint8Array(2 * block);
}

async function measure(content: Content): Promise<number> {
  return content instanceof Uint8Array ? content.length : (await stat(content.file)).size;
}

async function* readContent({ path, content }: Entry & { kind: "file" }, size: number): AsyncGenerator<Uint8Array> {
  let written = 0;
  const pieces = content instanceof Uint8Array ? [content] : createReadStream(content.file, { highWaterMark: 2 ** 18 });
  for await (const piece of pieces) {
    const bytes = piece as Uint8Array;
    written += bytes.length;
    yield bytes;
  }
  // A length that differs from the header's would make all that follows unreadable.
  if (written !== size) throw new Error(`Cannot archive ${path}: it changed from ${size} to ${written} bytes`);
}

function buildHeader(entry: Entry, size: number): Uint8Array {
  const { name, prefix } = splitPath(entry);
  const target = entry.kind === "link" ? entry.target : "";
  const fields: readonly (readonly [offset: number, text: string])[] = [
    [0, name],
    [100, toOctal(entry.kind === "link" ? 0o777 : entry.mode, 8)],
    // Owner and group: root.
    [108, toOctal(0, 8)],
    [116, toOctal(0, 8)],
    [124, toOctal(size, 12)],
    // The time of the last change.
    [136, toOctal(0, 12)],
    [156, typeFlags[entry.kind]],
    [157, checkLength(target, 100, entry.path)],
    [257, "ustar\x0000"],
    [345, prefix],
  ];
  const header = Buffer.alloc(block);
  for (const [offset, text] of fields) header.write(text, offset);
  header.write("        ", 148);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return header;
}

function splitPath({ kind, path }: Entry): { name: string; prefix: string } {
  const full = kind === "directory" ? `${path}/` : path;
  if (Buffer.byteLength(full) <= 100) return { name: full, prefix: "" };
  // The first slash that leaves a name of at most 100 bytes leaves the shortest prefix.
  const slash = full.indexOf("/", Math.max(0, full.length - 101));
  const prefix = checkLength(full.slice(0, Math.max(0, slash)), 155, path);
  return { name: checkLength(full.slice(slash + 1), 100, path), prefix };
}

function checkLength(text: string, most: number, path: string): string {
  const length = Buffer.byteLength(text);
  if (length <= most) return text;
  throw new Error(`Cannot archive ${path}: a part of its name is ${length} bytes, the limit is ${most} bytes`);
}

function toOctal(value: number, width: number): string {
  return `${value.toString(8).padStart(width - 1, "0")}\0`;
}
