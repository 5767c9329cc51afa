/** How much disk a commit will take, found out before a byte of it is written. */
import { refuse, succeed, type Result } from "../../../../src/contract/result.ts";
import { describeGitFailure } from "./describe-failure.ts";
import { runGit, type GitSession } from "./run-git.ts";

const block = 4096;

/**
 * Adds up the files of a commit, each in whole blocks of 4 KiB. A small pack can hold a tree of 10^10 files or a file of
 * a tebibyte, so counting ends where the limit is passed: `onExcess` must abort the session.
 */
export async function measureCommit(
  session: GitSession,
  commit: string,
  { directory, limit, onExcess }: { directory: string; limit: number; onExcess: (bytes: number) => void },
): Promise<Result<number>> {
  let bytes = 0;
  let rest = "";
  const onOutput = (chunk: Buffer) => {
    const entries = (rest + chunk.toString("latin1")).split("\0");
    rest = entries.pop() ?? "";
    for (const entry of entries) bytes += Math.max(1, Math.ceil(readSize(entry) / block)) * block;
    if (bytes > limit) onExcess(bytes);
  };
  const end = await runGit(session, ["ls-tree", "-r", "-l", "-z", "--full-tree", commit], { directory, onOutput });
  return end.exitCode === 0 ? succeed(bytes) : refuse(describeGitFailure(end));
}

/** `mode type hash size TAB path`; a submodule has the size `-`. */
function readSize(entry: string): number {
  return Number.parseInt(/^\S+ \S+ \S+ +(\d+)\t/.exec(entry)?.[1] ?? "0", 10);
}
