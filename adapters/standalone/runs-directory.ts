/** Where the standalone server's local runs are: short, as paths of sockets are limited, and its own. */
import { mkdir } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import type { StandaloneConfig } from "./config.ts";

/**
 * Makes the configured directory, or one in the system's temporary directory. That is named after user and port, so that
 * a server which starts again finds what it left behind, and clears away nothing of another server's.
 */
export async function openRunsDirectory(
  { RUNS_DIRECTORY }: Pick<StandaloneConfig, "RUNS_DIRECTORY">,
  port: number,
): Promise<string> {
  const directory =
    RUNS_DIRECTORY === "" ? join(tmpdir(), `container-driver-${userInfo().uid}-${port}`) : RUNS_DIRECTORY;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  return directory;
}
