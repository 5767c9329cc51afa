/** Where the standalone server's local runs are: short, as paths of sockets are limited, and its own. */
import { mkdir } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import type { StandaloneConfig } from "./config.ts";

/**
 * The configured directory, or one in the system's temporary directory. It is named after user and port, so that a server
 * which starts again finds what it left behind, and clears away nothing of another server's.
 */
export async function chooseRunsDirectory({
  RUNS_DIRECTORY,
  PORT,
}: Pick<StandaloneConfig, "RUNS_DIRECTORY" | "PORT">): Promise<string> {
  const directory =
    RUNS_DIRECTORY === "" ? join(tmpdir(), `container-driver-${userInfo().uid}-${PORT}`) : RUNS_DIRECTORY;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  return directory;
}
