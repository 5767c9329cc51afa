/** A layer of an image: a gzipped tar, kept under the digest of the tar, so that what stays the same is packed once. */
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { access, mkdir, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { completeEntries, type Entry } from "./entry.ts";
import { writeTar } from "./tar.ts";

/** A file of an OCI image, named by its content. */
export interface Blob {
  readonly file: string;
  /** `sha256:…`. */
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
}

export interface Layer extends Blob {
  /** Digest of the tar before it was packed. */
  readonly diffId: string;
  readonly name: string;
  /** What it is, for people: the image's history. */
  readonly title: string;
}

/** Packs the entries, or finds them packed in the cache. */
export async function buildLayer(
  { entries, ...named }: Pick<Layer, "name" | "title"> & { readonly entries: readonly Entry[] },
  cache: string,
): Promise<Layer> {
  const complete = completeEntries(entries);
  const diffId = await digestStream(writeTar(complete));
  const file = path.join(cache, `${diffId.replace(":", "-")}.tar.gz`);
  if (!(await exists(file))) await pack(complete, file);
  return { ...named, diffId, file, digest: await digestStream(createReadStream(file)), size: (await stat(file)).size };
}

async function pack(entries: readonly Entry[], file: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}`;
  try {
    await pipeline(Readable.from(writeTar(entries)), createGzip(), createWriteStream(draft));
    // Last: a file that is there is complete.
    await rename(draft, file);
  } finally {
    await rm(draft, { force: true });
  }
}

async function digestStream(pieces: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of pieces) hash.update(piece);
  return `sha256:${hash.digest("hex")}`;
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
