/** What is in a file system of an image, one path at a time. */
import { posix } from "node:path";

interface Named {
  /** Relative to the root, without a slash at either end. */
  readonly path: string;
}

/** Everything belongs to root, and is as old as everything else. */
export type Entry =
  | (Named & { readonly kind: "directory"; readonly mode: number })
  | (Named & { readonly kind: "link"; readonly target: string })
  | (Named & { readonly kind: "file"; readonly mode: number; readonly content: Content });

/** Bytes, or the path of a file that holds them. */
export type Content = Uint8Array | { readonly file: string };

/** A small file that anybody may read. */
export function buildFile(path: string, text: string): Entry {
  return { kind: "file", path, mode: 0o644, content: new TextEncoder().encode(text) };
}

/** In the order of their paths, each below directories that are there: equal entries make equal archives. */
export function completeEntries(entries: readonly Entry[]): Entry[] {
  const byPath = new Map<string, Entry>();
  for (const { path } of entries) {
    for (let at = posix.dirname(path); at !== "."; at = posix.dirname(at))
      byPath.set(at, { kind: "directory", path: at, mode: 0o755 });
  }
  for (const entry of entries) byPath.set(entry.path, entry);
  return [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}
