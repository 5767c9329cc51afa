/**
 * A directory outside of all runs that containers write to and read from: how often did they run, what did they see,
 * may they go on?
 */
import { mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { waitUntil } from "./wait-until.ts";

export interface Witness {
  /** Its path as containers see it. */
  readonly path: string;
  /** What stands in a file; empty when there is none. */
  read(name: string): Promise<string>;
  /** Makes a file, for scripts that wait for it. */
  write(name: string, text?: string): Promise<void>;
  /** Waits until a file has a whole line, and returns what stands there. */
  await(name: string, options?: { seconds?: number }): Promise<string>;
}

/** A new one, for containers that are processes of the same machine. */
export async function createLocalWitness(parent: string): Promise<Witness> {
  await mkdir(parent, { recursive: true });
  const path = await mkdtemp(join(parent, "witness-"));
  const read = async (name: string) => {
    try {
      return await readFile(join(path, name), "utf8");
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
      throw error;
    }
  };
  const readLines = async (name: string) => {
    const text = await read(name);
    return text.endsWith("\n") && text;
  };
  return {
    path,
    read,
    write: (name, text = "") => writeFile(join(path, name), text),
    await: (name, options) => waitUntil(`a container wrote ${name}`, () => readLines(name), options),
  };
}

/** A line of shell that waits for a file of the witness; the run's own deadline bounds it. */
export function awaitInShell(path: string): string {
  return `while [ ! -e "${path}" ]; do sleep 0.02; done`;
}
