import { execFileSync } from "node:child_process";
import { mkdir, readdir, readFile, stat } from "node:fs/promises";
import path from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { gitEnvironment } from "./repository.ts";
import { makeSandbox, problemOf, type Sandbox } from "./sandbox.ts";
import { startGitServer, type GitServer, type Repository } from "./server.ts";

let server: GitServer;
let old: GitServer;
let sandbox: Sandbox;
beforeAll(async () => {
  server = await startGitServer();
  old = await startGitServer({ oldProtocol: true });
});
afterAll(() => Promise.all([server.close(), old.close()]));
beforeEach(async () => {
  sandbox = await makeSandbox();
});
afterEach(() => sandbox.remove());

const inShared = (...args: string[]) =>
  execFileSync("git", args, { cwd: sandbox.shared, env: { ...gitEnvironment, HOME: sandbox.root } })
    .toString()
    .trim();

/** Three commits on main, tags and a branch on the first one, and one that nothing points at. */
async function makeHistory(on: GitServer, name: string) {
  const repo = await on.createRepo(name, { file: "one" });
  const first = repo.head;
  await repo.git(["tag", "light", first]);
  await repo.git(["tag", "-a", "-m", "annotated", "v1.0", first]);
  await repo.git(["branch", "feature/größe,(1)", first]);
  const second = await repo.commit({ file: "two", "sub/dir/x": "x" });
  const third = await repo.commit({ file: "three" });
  const hidden = await repo.commit({ file: "hidden" }, "gone");
  await repo.git(["branch", "-D", "gone"]);
  return { repo, first, second, third, hidden };
}

describe("by ref", () => {
  let history: Awaited<ReturnType<typeof makeHistory>>;
  let oldHistory: Awaited<ReturnType<typeof makeHistory>>;
  beforeAll(async () => {
    history = await makeHistory(server, "history");
    oldHistory = await makeHistory(old, "history");
  });

  const refs: [ref: string | undefined, commit: "first" | "second" | "third", content: string][] = [
    [undefined, "third", "three"],
    ["HEAD", "third", "three"],
    ["main", "third", "three"],
    ["refs/heads/main", "third", "three"],
    ["light", "first", "one"],
    ["v1.0", "first", "one"],
    ["refs/tags/v1.0", "first", "one"],
    ["feature/größe,(1)", "first", "one"],
  ];
  for (const [ref, commit, content] of refs) {
    test(`${ref ?? "no ref"} is checked out, alone, by new servers and old ones`, async () => {
      for (const [on, from] of [
        [server, history],
        [old, oldHistory],
      ] as const) {
        const outcome = await sandbox.checkOut({ url: on.url("history"), ...(ref === undefined ? {} : { ref }) });
        expect(outcome).toEqual({ ok: true, value: { commit: from[commit] } });
        expect(await sandbox.read("file")).toBe(content);
        expect(inShared("rev-list", "--count", "--all", "HEAD")).toBe("1");
        await sandbox.remove();
        sandbox = await makeSandbox();
      }
    });
  }

  test("a commit, whole, in capitals and abbreviated", async () => {
    const { second } = history;
    for (const ref of [second, second.toUpperCase(), second.slice(0, 9)]) {
      expect(await sandbox.checkOut({ url: server.url("history"), ref })).toEqual({
        ok: true,
        value: { commit: second },
      });
      expect(await sandbox.read("file")).toBe("two");
      await sandbox.remove();
      sandbox = await makeSandbox();
    }
  });

  test("a commit that an old server doesn't give by its hash, by way of the whole history", async () => {
    const outcome = await sandbox.checkOut({ url: old.url("history"), ref: oldHistory.second });
    expect(outcome).toEqual({ ok: true, value: { commit: oldHistory.second } });
    expect(await sandbox.read("sub/dir/x")).toBe("x");
  });

  test("a commit that no branch holds any more, where the server gives it", async () => {
    const outcome = await sandbox.checkOut({ url: server.url("history"), ref: history.hidden });
    expect(outcome).toEqual({ ok: true, value: { commit: history.hidden } });
    const again = await makeSandbox();
    expect(problemOf(await again.checkOut({ url: old.url("history"), ref: oldHistory.hidden }))).toBe(
      `Cannot check out ${old.url("history")} at ${oldHistory.hidden}: the repository has no such commit`,
    );
    await again.remove();
  });

  test("what isn't there is said so", async () => {
    const url = server.url("history");
    for (const ref of ["nope", "mai", "ain", "refs/heads/nope", "refs/heads", "heads/main", "origin/main"]) {
      const text = `Cannot check out ${url} at ${ref}: the repository has no such branch, tag or commit`;
      expect(problemOf(await sandbox.checkOut({ url, ref }))).toBe(text);
    }
    expect(await sandbox.list()).toEqual([]);
    const hash = "0123456789abcdef0123456789abcdef01234567";
    expect(problemOf(await sandbox.checkOut({ url, ref: hash }))).toContain("the repository has no such commit");
  });

  test("what was checked out is what a clone would hold, without credentials or traces of this machine", async () => {
    await sandbox.checkOut({ url: server.url("history"), ref: "v1.0" });
    expect(inShared("status", "--porcelain")).toBe("");
    expect(inShared("describe", "--tags")).toBe("v1.0");
    expect(inShared("remote", "get-url", "origin")).toBe(server.url("history"));
    const config = await sandbox.read(".git/config");
    expect(config).not.toContain(sandbox.root);
    expect(config).not.toMatch(/worktree|credential|helper/);
    expect(await readdir(path.join(sandbox.shared, ".git"))).not.toContain("hooks");
    expect(await readdir(sandbox.scratch)).toEqual([]);
  });
});

describe("names that could mean two things", () => {
  test("a branch wins over a tag of its name, as in git clone", async () => {
    const repo = await server.createRepo("both", { file: "tag" });
    await repo.git(["tag", "same"]);
    const branch = await repo.commit({ file: "branch" }, "same");
    expect(await sandbox.checkOut({ url: server.url("both"), ref: "same" })).toEqual({
      ok: true,
      value: { commit: branch },
    });
  });

  test("a pinned commit wins over a branch that is called like it", async () => {
    const repo = await server.createRepo("pinned", { file: "right" });
    const right = repo.head;
    await repo.commit({ file: "wrong" });
    await repo.git(["update-ref", `refs/heads/${right}`, repo.head]);
    expect(await sandbox.checkOut({ url: server.url("pinned"), ref: right })).toEqual({
      ok: true,
      value: { commit: right },
    });
    expect(await sandbox.read("file")).toBe("right");
  });

  test("a ref of another kind that ends alike is not taken", async () => {
    const repo = await server.createRepo("alike", { file: "x" });
    await repo.git(["update-ref", "refs/changes/refs/heads/hidden", repo.head]);
    const outcome = await sandbox.checkOut({ url: server.url("alike"), ref: "hidden" });
    expect(problemOf(outcome)).toContain("no such branch, tag or commit");
    expect(await sandbox.checkOut({ url: server.url("alike"), ref: "refs/changes/refs/heads/hidden" })).toMatchObject({
      ok: true,
    });
  });
});

describe("odd repositories", () => {
  test("an empty one", async () => {
    await server.createRepo("empty");
    expect(problemOf(await sandbox.checkOut({ url: server.url("empty") }))).toContain(
      "the repository has no default branch with a commit: give source.ref",
    );
  });

  test("one that isn't there", async () => {
    expect(problemOf(await sandbox.checkOut({ url: server.url("nowhere") }))).toBe(
      `Cannot check out ${server.url("nowhere")} at its default branch: ` +
        "there is no such repository, or these credentials may not see it",
    );
  });

  test("one with SHA-256 hashes", async () => {
    const repo: Repository = await server.createRepo("sha256");
    await repo.git(["init", "--quiet", "--bare", "--object-format=sha256", "--initial-branch=main", "s.git"]);
    const git = (...args: string[]) => repo.git(["--git-dir=s.git", ...args]);
    const tree = await git("mktree");
    const commit = await git("commit-tree", "-m", "x", tree);
    await git("update-ref", "refs/heads/main", commit);
    expect(commit).toHaveLength(64);
    const url = server.url("sha256").replace(/$/, "/s.git");
    expect(await sandbox.checkOut({ url })).toEqual({ ok: true, value: { commit } });
  });

  test("a tag that points at a file, not at a commit", async () => {
    const repo = await server.createRepo("blob-tag", { file: "x" });
    await repo.git(["tag", "blob", `${repo.head}:file`]);
    expect(problemOf(await sandbox.checkOut({ url: server.url("blob-tag"), ref: "blob" }))).toContain(
      "the ref does not point at a commit",
    );
  });

  test("names and contents of any kind arrive byte for byte", async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    await server.createRepo("bytes", {
      "ü b/-x": bytes,
      "crlf.txt": "a\r\nb\n",
      ".gitattributes": "*.txt text eol=lf\n",
      run: { executable: "#!/bin/sh\n" },
      link: { symlink: "ü b/-x" },
    });
    expect(await sandbox.checkOut({ url: server.url("bytes") })).toMatchObject({ ok: true });
    expect(new Uint8Array(await readFile(path.join(sandbox.shared, "link")))).toEqual(bytes);
    expect((await stat(path.join(sandbox.shared, "run"))).mode & 0o777).toBe(0o777);
    expect((await stat(path.join(sandbox.shared, "ü b"))).mode & 0o777).toBe(0o777);
  });
});

describe("the working directory and the files", () => {
  beforeAll(async () => {
    const links = { out: { symlink: "/etc" }, into: { symlink: "sub" }, up: { symlink: "../../.." } };
    await server.createRepo("tree", { "sub/x": "from git", file: "from git", ...links });
  });

  test("files lie over the tree", async () => {
    const files = { "sub/x": "mine", "sub/y": "new", "into/z": "through" };
    expect(await sandbox.checkOut({ url: server.url("tree"), path: "sub", files })).toMatchObject({ ok: true });
    expect(await Promise.all(["sub/x", "sub/y", "sub/z", "file"].map(sandbox.read))).toEqual([
      "mine",
      "new",
      "through",
      "from git",
    ]);
  });

  test("the working directory may be a link that stays inside, or come from the files", async () => {
    expect(await sandbox.checkOut({ url: server.url("tree"), path: "into" })).toMatchObject({ ok: true });
    const again = await makeSandbox();
    const files = { "made/here/x": "" };
    expect(await again.checkOut({ url: server.url("tree"), path: "made/here", files })).toMatchObject({ ok: true });
    await again.remove();
  });

  const paths: Record<string, string> = {
    "nowhere/at/all": "nowhere does not exist",
    file: "file is a file, not a directory",
    out: "out is a symbolic link that leads out of the shared directory",
    "out/ssl": "out is a symbolic link that leads out of the shared directory",
    "sub/../..": "it is not a path below the shared directory",
    ".git": "it is not a path below the shared directory",
  };
  test.for(Object.entries(paths))("%s as the working directory is refused", async ([sub, text]) => {
    const outcome = await sandbox.checkOut({ url: server.url("tree"), path: sub });
    expect(problemOf(outcome)).toBe(`Cannot use driver.values.source.path: ${text}`);
  });

  test("a file is not written through a link of the repository's", async () => {
    for (const file of ["out/canary", "up/canary"]) {
      const fresh = await makeSandbox();
      const outcome = await fresh.checkOut({ url: server.url("tree"), files: { [file]: "x" } });
      expect(problemOf(outcome)).toContain("is a symbolic link that leads out of the shared directory");
      await fresh.remove();
    }
    await expect(stat("/etc/canary")).rejects.toThrow(/ENOENT/);
  });

  test("a second setup in the same directory is refused: what main left in .git could run programs", async () => {
    await mkdir(path.join(sandbox.shared, ".git"));
    expect(problemOf(await sandbox.checkOut({ url: server.url("tree") }))).toContain("holds a .git already");
  });
});

describe("only if the branch has moved", () => {
  test("the same commit is unchanged and nothing is written; a new one is checked out", async () => {
    const repo = await server.createRepo("moving", { file: "1" });
    await repo.git(["tag", "-a", "-m", "t", "v1"]);
    const [url, commit] = [server.url("moving"), repo.head];
    for (const ref of ["main", "v1", commit, undefined]) {
      const attempt = { url, unlessCommit: commit, files: { x: "" }, ...(ref === undefined ? {} : { ref }) };
      expect(await sandbox.checkOut(attempt)).toEqual({ ok: true, value: { commit, unchanged: true } });
      expect(await readdir(sandbox.shared)).toEqual([]);
    }
    const moved = await repo.commit({ file: "2" });
    const outcome = await sandbox.checkOut({ url, ref: "main", unlessCommit: commit });
    expect(outcome).toEqual({ ok: true, value: { commit: moved } });
    expect(await sandbox.read("file")).toBe("2");
  });
});
