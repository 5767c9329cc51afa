/** Where the standalone server's local runs are: short, as paths of sockets are limited, and its own. */
import { mkdir } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import type { StandaloneConfig } from "./config.ts";

/**
 * Makes the server's own directory, in the configured one or in one of this user's in the system's temporary directory.
 * It is named after the port, which no other server has: whoever starts again there finds what it left behind, and clears
 * away nothing of another server's or agent's, whose runs it can't know.
 */
export async function openRunsDirectory(
  { RUNS_DIRECTORY }: Pick<StandaloneConfig, "RUNS_DIRECTORY">,
  port: number,
): Promise<string> {
  const parent = RUNS_DIRECTORY === "" ? join(tmpdir(), `container-driver-${userInfo().uid}`) : RUNS_DIRECTORY;
  const directory = join(parent, `port-${port}`);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  return directory;
}
