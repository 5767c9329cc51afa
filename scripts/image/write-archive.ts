/** An image as one file: the tar of an OCI layout. */
import { createWriteStream } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { describeImage, toPath, type Image } from "./describe-image.ts";
import { buildFile, completeEntries, type Entry } from "./entry.ts";
import { writeTar } from "./tar.ts";

/** Writes the image's archive, which is there whole or not at all; answers with the digest of its manifest. */
export async function writeArchive(image: Image, file: string): Promise<string> {
  const { digest, documents } = describeImage(image);
  const layers = image.layers.map((layer): Entry => ({
    kind: "file",
    path: toPath(layer.digest),
    mode: 0o644,
    content: { file: layer.file },
  }));
  const entries = completeEntries([...documents.map(({ path, text }) => buildFile(path, text)), ...layers]);
  await mkdir(path.dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}`;
  try {
    await pipeline(Readable.from(writeTar(entries)), createWriteStream(draft));
    await rename(draft, file);
  } finally {
    await rm(draft, { force: true });
  }
  return digest;
}
