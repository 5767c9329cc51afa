import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, readlink, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createWriteStream } from "node:fs";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { buildFile, completeEntries, type Entry } from "../../scripts/image/entry.ts";
import { writeTar } from "../../scripts/image/tar.ts";

const run = promisify(execFile);
let root = "";
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), "tar-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const deep = "d".repeat(90);
const entries: Entry[] = [
  buildFile("b/empty", ""),
  buildFile("b/text", "ü€😀\n"),
  buildFile("b/block", "x".repeat(512)),
  buildFile(`${deep}/${"f".repeat(90)}`, "far away"),
  { kind: "file", path: "program", mode: 0o755, content: new Uint8Array([0, 255, 10]) },
  { kind: "link", path: "a-link", target: "b/text" },
  { kind: "directory", path: "tmp", mode: 0o1777 },
];

async function archive(list: readonly Entry[]): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of writeTar(list)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

test("what is archived comes out of tar as it went in", async () => {
  const large = path.join(root, "large");
  await writeFile(large, Buffer.alloc(3_000_001, 7));
  const all = completeEntries([...entries, { kind: "file", path: "large", mode: 0o644, content: { file: large } }]);
  const file = path.join(root, "archive.tar");
  await pipeline(Readable.from(writeTar(all)), createWriteStream(file));
  const out = path.join(root, "out");
  await run("mkdir", [out]);
  await run("tar", ["-xpf", file, "-C", out]);
  expect(await readFile(path.join(out, "b/text"), "utf8")).toBe("ü€😀\n");
  expect((await stat(path.join(out, "b/block"))).size).toBe(512);
  expect((await stat(path.join(out, "b/empty"))).size).toBe(0);
  expect(await readFile(path.join(out, deep, "f".repeat(90)), "utf8")).toBe("far away");
  expect(await readlink(path.join(out, "a-link"))).toBe("b/text");
  expect((await stat(path.join(out, "program"))).mode & 0o7777).toBe(0o755);
  expect((await stat(path.join(out, "tmp"))).mode & 0o7777).toBe(0o1777);
  expect((await readFile(path.join(out, "large"))).equals(await readFile(large))).toBe(true);
  expect((await readdir(out)).sort()).toEqual(["a-link", "b", deep, "large", "program", "tmp"]);
});

test("equal entries give equal archives, in whatever order they came", async () => {
  const one = await archive(completeEntries(entries));
  expect(one.equals(await archive(completeEntries(entries.toReversed())))).toBe(true);
  expect(one.length % 512).toBe(0);
});

test("directories on the way are made, and one that is given keeps its mode", () => {
  const complete = completeEntries([buildFile("tmp/a/b", ""), { kind: "directory", path: "tmp", mode: 0o1777 }]);
  expect(complete.map(({ path, kind }) => `${kind} ${path}`)).toEqual([
    "directory tmp",
    "directory tmp/a",
    "file tmp/a/b",
  ]);
  expect(complete[0]).toMatchObject({ mode: 0o1777 });
});

test("a name that tar can't hold, and a file that isn't there, are refused by name", async () => {
  await expect(archive([buildFile("x".repeat(101), "")])).rejects.toThrow(/is 101 bytes, the limit is 100 bytes/);
  await expect(archive([{ kind: "link", path: "a", target: "t".repeat(101) }])).rejects.toThrow(/Cannot archive a/);
  const missing = { kind: "file", path: "a", mode: 0o644, content: { file: path.join(root, "nowhere") } } as const;
  await expect(archive([missing])).rejects.toThrow(/ENOENT/);
});

test("a file that grows while it is read is refused, rather than making an archive that can't be read", async () => {
  const file = path.join(root, "growing");
  await writeFile(file, "12345");
  const pieces = writeTar([{ kind: "file", path: "growing", mode: 0o644, content: { file } }]);
  await pieces.next();
  await writeFile(file, "1234567");
  await expect(Array.fromAsync(pieces)).rejects.toThrow("Cannot archive growing: it changed from 5 to 7 bytes");
});
