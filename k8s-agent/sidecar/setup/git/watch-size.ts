/** Watches how much disk a directory takes while somebody else writes to it. */
import { lstat, readdir } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

/** Bytes on disk of everything below a directory; links are not followed, and what vanishes meanwhile is not counted. */
export async function measureDirectory(directory: string, signal?: AbortSignal): Promise<number> {
  let bytes = 0;
  const open = [directory];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (signal?.aborted === true) break;
    const parent = next;
    const entries = await readdir(parent, { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      const full = path.join(parent, entry.name);
      if (entry.isDirectory()) open.push(full);
      const stats = await lstat(full).catch(() => undefined);
      // Blocks are of 512 bytes wherever they are reported.
      bytes += (stats?.blocks ?? 0) * 512;
    }
  }
  return bytes;
}

/**
 * Measures a directory again and again until the signal aborts; calls back once if it takes more than the limit. It rests
 * ten times as long as it works, so that watching a large tree doesn't slow down whoever makes it.
 */
export async function watchSize(
  directory: string,
  { limit, signal, onExcess }: { limit: number; signal: AbortSignal; onExcess: (bytes: number) => void },
): Promise<void> {
  while (!signal.aborted) {
    const begun = performance.now();
    const bytes = await measureDirectory(directory, signal);
    if (signal.aborted) return;
    if (bytes > limit) {
      onExcess(bytes);
      return;
    }
    const rest = Math.max(200, 10 * (performance.now() - begun));
    await delay(rest, undefined, { signal }).catch(() => undefined);
  }
}
