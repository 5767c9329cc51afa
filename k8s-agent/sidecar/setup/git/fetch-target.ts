/** Brings a commit into a new repository, with as little of its history as the server allows. */
import { refuse, succeed, type Result } from "../../../../src/contract/result.ts";
import { describeGitFailure } from "./describe-failure.ts";
import { isFullHash, type Target } from "./resolve-ref.ts";
import { runGit, type GitSession } from "./run-git.ts";

/**
 * Fetches the target from the remote `origin`; answers with the hash of its commit. A ref may have moved since it was
 * resolved: what was fetched is what counts.
 */
export async function fetchTarget(
  session: GitSession,
  { directory, target }: { directory: string; target: Target },
): Promise<Result<string>> {
  const fetched = await fetchFirst(session, { directory, attempts: listAttempts(target) });
  if (!fetched.ok) return fetched;
  const name = target.kind === "ref" ? "FETCH_HEAD" : target.commit;
  const parsed = await runGit(session, ["rev-parse", "--verify", "--quiet", `${name}^{commit}`], { directory });
  if (parsed.exitCode === 0) return succeed(parsed.stdout.trim());
  return refuse(target.kind === "ref" ? "the ref does not point at a commit" : "the repository has no such commit");
}

const shallow = "--depth=1";
const everything = ["+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"];

/** Cheapest first. Only a full hash can be asked for, and old servers give no commit but the tip of a branch or tag. */
function listAttempts(target: Target): string[][] {
  if (target.kind === "ref") {
    const refspec = buildRefspec(target.name);
    return [
      [shallow, "origin", refspec],
      ["origin", refspec],
    ];
  }
  const all = ["origin", ...everything];
  return isFullHash(target.commit) ? [[shallow, "origin", target.commit], all] : [all];
}

/** As a clone would name it, so that scripts find what they are used to. */
function buildRefspec(name: string): string {
  if (name.startsWith("refs/heads/")) return `+${name}:refs/remotes/origin/${name.slice("refs/heads/".length)}`;
  return name.startsWith("refs/tags/") ? `+${name}:${name}` : name;
}

async function fetchFirst(
  session: GitSession,
  { directory, attempts }: { directory: string; attempts: readonly string[][] },
): Promise<Result<undefined>> {
  let problem = "";
  for (const attempt of attempts) {
    const end = await runGit(session, ["fetch", "--quiet", "--no-tags", ...attempt], { directory });
    if (end.exitCode === 0) return succeed(undefined);
    problem = describeGitFailure(end);
    // Only what the server can't do in this way is tried in another one.
    if (!/not our ref|unadvertised object|does not support shallow/.test(end.stderr)) break;
  }
  return refuse(problem);
}
