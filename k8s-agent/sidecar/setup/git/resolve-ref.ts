/** Turns what a request calls a branch, a tag or a commit into something that can be fetched. */
import { refuse, succeed, type Result } from "../../../../src/contract/result.ts";
import { describeGitFailure } from "./describe-failure.ts";
import { runGit, type GitSession } from "./run-git.ts";

export type Target =
  /** A ref of the repository, and the commit that it points at now. */
  | { readonly kind: "ref"; readonly name: string; readonly commit: string }
  /** A commit, maybe abbreviated, that may not be the tip of anything. */
  | { readonly kind: "commit"; readonly commit: string };

/**
 * A full hash is a commit, whatever branches are called: who pins one must not get another. Else a full ref, a branch,
 * a tag or an abbreviated hash, in this order.
 */
export async function resolveRef(
  session: GitSession,
  { href, ref }: { href: string; ref: string | undefined },
): Promise<Result<Target>> {
  if (ref !== undefined && isFullHash(ref)) return succeed({ kind: "commit", commit: ref.toLowerCase() });
  const names = listCandidates(ref);
  const patterns = names.flatMap((name) => [name, `${name}^{}`]);
  const end = await runGit(session, ["ls-remote", "--quiet", "--", href, ...patterns]);
  if (end.exitCode !== 0) return refuse(describeGitFailure(end));
  return pickTarget(parseRefs(end.stdout), { names, ref });
}

export function isFullHash(ref: string): boolean {
  return /^([0-9a-f]{40}|[0-9a-f]{64})$/i.test(ref);
}

function listCandidates(ref: string | undefined): string[] {
  if (ref === undefined || ref === "HEAD") return ["HEAD"];
  return ref.startsWith("refs/") ? [ref] : [`refs/heads/${ref}`, `refs/tags/${ref}`];
}

/** `hash TAB name` lines; git also lists names that merely end like the one that was asked for. */
function parseRefs(text: string): Map<string, string> {
  const lines = text.split("\n").flatMap((line) => {
    const [commit = "", name] = line.split("\t");
    return name === undefined || !isFullHash(commit) ? [] : [[name, commit] as const];
  });
  return new Map(lines);
}

function pickTarget(
  refs: ReadonlyMap<string, string>,
  { names, ref }: { names: readonly string[]; ref: string | undefined },
): Result<Target> {
  for (const name of names) {
    // An annotated tag has a hash of its own; `^{}` is what it points at.
    const commit = refs.get(`${name}^{}`) ?? refs.get(name);
    if (commit !== undefined) return succeed({ kind: "ref", name, commit });
  }
  if (ref === undefined) return refuse("the repository has no default branch with a commit: give source.ref");
  if (/^[0-9a-f]{7,63}$/i.test(ref)) return succeed({ kind: "commit", commit: ref.toLowerCase() });
  return refuse("the repository has no such branch, tag or commit");
}
