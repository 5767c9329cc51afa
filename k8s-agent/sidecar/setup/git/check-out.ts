/**
 * Git checkout into the shared directory. The repository's `.git` stays, as scripts ask it for the commit, the tag or
 * the origin; there is nothing in it that a clone without credentials wouldn't have. No hooks, submodules, LFS or filters:
 * they would run programs of the repository's choice where the credentials are.
 */
import { lstat, mkdir, rm } from "node:fs/promises";
import path from "node:path";
import type { ContainerInputs } from "../../../../src/contract/container/inputs.ts";
import { parseGitUrl, type GitUrl } from "../../../../src/contract/container/source.ts";
import { refuse, succeed, type Result } from "../../../../src/contract/result.ts";
import { prepareCredentials, type GitPolicy } from "./credentials.ts";
import { describeGitFailure } from "./describe-failure.ts";
import { fetchTarget } from "./fetch-target.ts";
import { hideSecrets } from "./hide-secrets.ts";
import { measureCommit } from "./measure-commit.ts";
import { resolveRef } from "./resolve-ref.ts";
import { runGit, type GitSession } from "./run-git.ts";
import { measureDirectory } from "./watch-size.ts";
import { workWithinLimits, type Bounds, type WorkLimits } from "./within-limits.ts";

export interface Checkout {
  readonly source: NonNullable<ContainerInputs["values"]["source"]>;
  readonly secrets: ContainerInputs["secrets"]["source"];
  readonly unlessCommit: string | undefined;
}

export interface CheckedOut {
  readonly commit: string;
  /** It is `unlessCommit`: nothing was written. */
  readonly unchanged?: boolean;
}

export interface CheckoutOptions {
  /** Where the repository's root goes. */
  readonly directory: string;
  /** Private (0700). */
  readonly scratchDirectory: string;
  readonly signal: AbortSignal;
  readonly policy: GitPolicy;
  readonly limits: WorkLimits;
}

/** Checks out a source, unless it still is at `unlessCommit`. The problem is free of credentials. */
export async function checkOut(checkout: Checkout, options: CheckoutOptions): Promise<Result<CheckedOut>> {
  const { source, secrets } = checkout;
  const url = parseGitUrl(source.url);
  if (!url.ok) return refuse(`Cannot check out driver.values.source.url: it ${url.problem}`);
  const home = path.join(options.scratchDirectory, "git");
  await mkdir(home, { mode: 0o700 });
  try {
    const outcome = await workWithinLimits(options, (bounds) =>
      checkOutUrl(checkout, { ...options, url: url.value, home, bounds }),
    );
    if (outcome.ok) return outcome;
    const problem = hideSecrets(outcome.problem, { username: source.username, secrets, home });
    return refuse(`Cannot check out ${url.value.href} at ${source.ref ?? "its default branch"}: ${problem}`);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

interface Place extends CheckoutOptions {
  readonly url: GitUrl;
  readonly home: string;
  readonly bounds: Bounds;
}

async function checkOutUrl(
  { source, secrets, unlessCommit }: Checkout,
  { url, home, policy, directory, bounds }: Place,
): Promise<Result<CheckedOut>> {
  const settings = await prepareCredentials({ url, username: source.username, secrets, policy, home });
  if (!settings.ok) return settings;
  const session: GitSession = { transport: url.transport, home, signal: bounds.signal, ...settings.value };
  const target = await resolveRef(session, { href: url.href, ref: source.ref });
  if (!target.ok) return target;
  const { commit } = target.value;
  if (commit === unlessCommit) return succeed({ commit, unchanged: true });
  const made = await initialise(session, { directory, href: url.href, commit });
  if (!made.ok) return made;
  const fetched = await fetchTarget(session, { directory, target: target.value });
  if (!fetched.ok) return fetched;
  return writeTree(session, { directory, commit: fetched.value, bounds });
}

async function initialise(
  session: GitSession,
  { directory, href, commit }: { directory: string; href: string; commit: string },
): Promise<Result<undefined>> {
  // A configuration that somebody else left there could run programs, with the credentials at hand.
  const left = await lstat(path.join(directory, ".git")).catch(() => undefined);
  if (left !== undefined)
    return refuse("the shared directory holds a .git already; setup runs once, in a new directory");
  const format = commit.length > 40 ? "sha256" : "sha1";
  const init = ["init", "--quiet", "--template=", "--initial-branch=main", `--object-format=${format}`];
  for (const args of [init, ["remote", "add", "--", "origin", href]]) {
    const end = await runGit(session, args, { directory });
    if (end.exitCode !== 0) return refuse(describeGitFailure(end));
  }
  return succeed(undefined);
}

async function writeTree(
  session: GitSession,
  { directory, commit, bounds }: { directory: string; commit: string; bounds: Bounds },
): Promise<Result<CheckedOut>> {
  const limit = bounds.bytes - (await measureDirectory(directory));
  const onExcess = (bytes: number) => bounds.refuseBytes(bytes + bounds.bytes - limit);
  const measured = await measureCommit(session, commit, { directory, limit, onExcess });
  if (!measured.ok) return measured;
  const end = await runGit(session, ["checkout", "--quiet", "--detach", commit, "--"], { directory });
  return end.exitCode === 0 ? succeed({ commit }) : refuse(describeGitFailure(end));
}
