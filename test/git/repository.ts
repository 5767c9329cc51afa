/** Repositories for tests, made with git's own plumbing, so that they can hold what no honest client would commit. */
import { spawn } from "node:child_process";
import { mkdir } from "node:fs/promises";
import path from "node:path";

/** A file's text, or a file that is something else. */
export type Content = string | Uint8Array | { readonly symlink: string } | { readonly executable: string };
export type Files = Readonly<Record<string, Content>>;

export interface Repository {
  /** The bare repository's own directory. */
  readonly directory: string;
  /** The newest commit that `commit` made. */
  readonly head: string;
  /** Commits files on top of a branch (`main`): those that are named change, the others stay. Answers with the commit. */
  commit(files: Files, branch?: string): Promise<string>;
  /** Runs git in the repository, such as `git(["tag", "v1"])`; answers with what it printed, trimmed. */
  git(args: readonly string[], input?: string | Uint8Array): Promise<string>;
}

/** Makes a bare repository whose branch `main` holds the files; without files it has no commit. */
export async function createRepository(directory: string, files?: Files): Promise<Repository> {
  await mkdir(directory, { recursive: true });
  const git = (args: readonly string[], input?: string | Uint8Array) => runGit(directory, args, input);
  await git(["init", "--quiet", "--bare", "--template=", "--initial-branch=main", "."]);
  let head = "";
  const commit = async (files: Files, branch = "main") => {
    const ref = `refs/heads/${branch}`;
    const parent = await git(["rev-parse", "--verify", "--quiet", ref]).catch(() => "");
    await git(["fast-import", "--quiet", "--force"], buildImport(ref, parent, files));
    head = await git(["rev-parse", ref]);
    return head;
  };
  if (files !== undefined) await commit(files);
  return {
    directory,
    get head() {
      return head;
    },
    commit,
    git,
  };
}

function buildImport(ref: string, parent: string, files: Files): Buffer {
  const from = parent === "" ? "" : `from ${parent}\n`;
  const parts: Uint8Array[] = [
    Buffer.from(`commit ${ref}\ncommitter Test <test@example.org> 1700000000 +0000\ndata 4\ntest\n${from}`),
  ];
  for (const [file, content] of Object.entries(files)) {
    const { mode, bytes } = readContent(content);
    parts.push(Buffer.from(`M ${mode} inline ${file}\ndata ${bytes.length}\n`), bytes, Buffer.from("\n"));
  }
  return Buffer.concat(parts);
}

function readContent(content: Content): { mode: string; bytes: Uint8Array } {
  if (typeof content === "string" || content instanceof Uint8Array)
    return { mode: "100644", bytes: Buffer.from(content) };
  if ("symlink" in content) return { mode: "120000", bytes: Buffer.from(content.symlink) };
  return { mode: "100755", bytes: Buffer.from(content.executable) };
}

/** Git as on a machine without any configuration. */
export const gitEnvironment = {
  PATH: process.env["PATH"] ?? "",
  HOME: "/nonexistent",
  LC_ALL: "C",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_AUTHOR_NAME: "Test",
  GIT_AUTHOR_EMAIL: "test@example.org",
  GIT_COMMITTER_NAME: "Test",
  GIT_COMMITTER_EMAIL: "test@example.org",
};

async function runGit(directory: string, args: readonly string[], input: string | Uint8Array = ""): Promise<string> {
  const child = spawn("git", args, { cwd: path.resolve(directory), env: gitEnvironment });
  // Git may end without having read its input: its exit code tells.
  child.stdin.on("error", () => child.stdin.destroy());
  child.stdin.end(input);
  const [out, err]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
  const code = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (code !== 0) throw new Error(`Cannot git ${args.join(" ")}: ${Buffer.concat(err).toString()}`);
  return Buffer.concat(out).toString().trim();
}
