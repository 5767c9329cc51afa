import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import path from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { findProcesses } from "./processes.ts";
import { makeSandbox, problemOf, type Sandbox } from "./sandbox.ts";
import { startGitServer, type GitServer, type Repository } from "./server.ts";

let server: GitServer;
let sandbox: Sandbox;
beforeAll(async () => {
  server = await startGitServer();
});
afterAll(() => server.close());
beforeEach(async () => {
  sandbox = await makeSandbox();
});
afterEach(() => sandbox.remove());

const marker = () => path.join(sandbox.root, "marker");
let count = 0;

/** A repository whose `main` is a tree made of raw entries, which git's own commands would refuse to commit. */
async function makeRaw(build: (repo: Repository, blob: string) => Promise<string>): Promise<string> {
  const name = `raw-${count++}`;
  const repo = await server.createRepo(name);
  const blob = await repo.git(["hash-object", "-w", "--stdin"], `#!/bin/sh\ntouch '${marker()}'\n`);
  const commit = await repo.git(["commit-tree", "-m", "raw", await build(repo, blob)]);
  await repo.git(["update-ref", "refs/heads/main", commit]);
  return server.url(name);
}

const makeTree = (repo: Repository, ...entries: string[]) =>
  repo.git(["mktree", "--missing"], entries.map((entry) => `${entry}\n`).join(""));

describe("what could be taken for an option, another transport or a local file starts no process", () => {
  const urls = (touch: string) => [
    `ext::sh -c ${touch}`,
    `ext::sh%20-c%20${touch}`,
    "file:///etc",
    "/etc",
    `--upload-pack=${touch}`,
    `-oProxyCommand=${touch}@127.0.0.1:repo`,
    `ssh://-oProxyCommand=${touch}/repo`,
    `ssh://%2doProxyCommand=${touch}/repo`,
    "https://user:canary@127.0.0.1/repo",
    `${server.url("x")}\r\nHost: evil`,
    `${server.url("x")}%0d%0aHost: evil`,
    "http://git.example/repo",
    "git://127.0.0.1/repo",
  ];
  test("as the URL", async () => {
    const before = server.requests.length;
    for (const url of urls(`touch ${marker()}`.replaceAll(" ", "${IFS}"))) {
      const text = problemOf(await sandbox.checkOut({ url }));
      expect(text).toMatch(/^Cannot check out driver\.values\.source\.url: it must /);
      expect(text).not.toContain("canary");
    }
    expect(existsSync(marker())).toBe(false);
    expect(server.requests.length).toBe(before);
    expect(await readdir(sandbox.scratch)).toEqual([]);
  });

  test("as the ref, even if nobody had refused it before", async () => {
    await server.createRepo("options", { file: "x" });
    const touch = `touch ${marker()}`;
    const refs = [
      `--upload-pack=${touch}`,
      "-u",
      `-o${touch}`,
      `--exec=${touch}`,
      "main\n--x",
      "../../x",
      "*",
      "refs/*",
    ];
    for (const ref of [...refs, "refs/--upload-pack=x", "main:refs/heads/x", "+main", "^main", "@{-1}", "HEAD~1"]) {
      const text = problemOf(await sandbox.checkOut({ url: server.url("options"), ref }));
      expect(text).toContain("the repository has no such branch, tag or commit");
    }
    expect(existsSync(marker())).toBe(false);
    expect(await readdir(sandbox.shared)).toEqual([]);
  });
});

describe("a repository that wants more than to be read", () => {
  const names = [".git", ".GIT", ".giT", "git~1", ".git ", ".git.", ".g\u200cit", ".git::$INDEX_ALLOCATION", "..", "."];
  test.for(names)("a tree with a directory called %j is refused", async (name) => {
    const url = await makeRaw(async (repo, blob) => {
      const hooks = await makeTree(repo, `100755 blob ${blob}\tpost-checkout`, `100755 blob ${blob}\tpre-commit`);
      const inner = await makeTree(repo, `040000 tree ${hooks}\thooks`);
      return makeTree(repo, `040000 tree ${inner}\t${name}`);
    });
    expect(problemOf(await sandbox.checkOut({ url }))).toMatch(/it holds a path that git refuses: |invalid path/);
    expect(existsSync(marker())).toBe(false);
    expect(existsSync(path.join(sandbox.shared, ".git", "hooks"))).toBe(false);
  });

  test("a link called .git is refused", async () => {
    const url = await makeRaw(async (repo, blob) => makeTree(repo, `120000 blob ${blob}\t.git`));
    expect(problemOf(await sandbox.checkOut({ url }))).toContain("it holds a path that git refuses: .git");
  });

  test("a link and a directory of one name don't write through the link", async () => {
    const url = await makeRaw(async (repo, blob) => {
      const target = await repo.git(["hash-object", "-w", "--stdin"], sandbox.root);
      const inner = await makeTree(repo, `100644 blob ${blob}\tescaped`);
      return makeTree(repo, `120000 blob ${target}\ta`, `040000 tree ${inner}\ta`);
    });
    await sandbox.checkOut({ url });
    expect(await readdir(sandbox.root)).not.toContain("escaped");
  });

  test("filters, attributes and a configuration of its own run nothing", async () => {
    const command = `touch '${marker()}'`;
    const filter = `[filter "evil"]\n\tsmudge = ${command}\n\tprocess = ${command}\n\trequired = true\n`;
    const rest = `[core]\n\tfsmonitor = ${command}\n\tsshCommand = ${command}\n\thooksPath = hooks\n`;
    await server.createRepo("filters", {
      ".gitattributes": "* filter=evil diff=evil merge=evil ident\n*.lfs filter=lfs\n",
      ".gitconfig": filter + rest,
      config: filter + rest,
      "hooks/post-checkout": { executable: `#!/bin/sh\n${command}\n` },
      file: "as it is",
      "big.lfs": "version https://git-lfs.github.com/spec/v1\n",
    });
    expect(await sandbox.checkOut({ url: server.url("filters") })).toMatchObject({ ok: true });
    expect(await sandbox.read("file")).toBe("as it is");
    expect(await sandbox.read("big.lfs")).toContain("git-lfs");
    expect(existsSync(marker())).toBe(false);
  });

  test("submodules are not fetched, whatever their URLs and paths are", async () => {
    const touch = `touch ${marker()}`;
    const url = await makeRaw(async (repo, blob) => {
      const urls = ["ext::sh -c x", `--upload-pack=${touch}`, "../../etc", server.url("secret")];
      const modules = urls.map((url, i) => {
        const update = `\tupdate = !${touch}\n`;
        return `[submodule "../../hooks${i}"]\n\tpath = sub${i}\n\turl = ${url}\n${update}`;
      });
      const gitmodules = await repo.git(["hash-object", "-w", "--stdin"], modules.join(""));
      const links = urls.map((_, i) => `160000 commit ${"1".repeat(40)}\tsub${i}`);
      return makeTree(repo, `100644 blob ${gitmodules}\t.gitmodules`, `100644 blob ${blob}\tfile`, ...links);
    });
    const before = server.requests.length;
    expect(await sandbox.checkOut({ url })).toMatchObject({ ok: true });
    expect(await readdir(path.join(sandbox.shared, "sub0"))).toEqual([]);
    expect(await readdir(path.join(sandbox.shared, ".git"))).not.toContain("modules");
    expect(server.requests.slice(before).filter(({ url }) => url.includes("secret"))).toEqual([]);
    expect(existsSync(marker())).toBe(false);
  });

  test("links to anywhere are links, and nothing is read or written through them", async () => {
    await server.createRepo("links", {
      passwd: { symlink: "/etc/passwd" },
      root: { symlink: "/" },
      dev: { symlink: "/dev/zero" },
      self: { symlink: "self" },
    });
    const files = { passwd: "mine", dev: "mine", self: "mine" };
    const before = await readFile("/etc/passwd", "utf8");
    expect(await sandbox.checkOut({ url: server.url("links"), files })).toMatchObject({ ok: true });
    expect(await readFile("/etc/passwd", "utf8")).toBe(before);
    expect(await sandbox.read("self")).toBe("mine");
  });
});

describe("limits", () => {
  const mebi = 1024 ** 2;
  const excess = (limit: number) =>
    new RegExp(`: the checkout, as far as it got, is (\\d+) bytes, the limit is ${limit} bytes$`);

  test("a repository that is too large to come in, or to be written beside what came in, is refused", async () => {
    const files = Object.fromEntries(Array.from({ length: 4 }, (_, i) => [`f${i}`, randomBytes(mebi)]));
    const repo = await server.createRepo("large", files);
    // Random bytes have no differences worth looking for.
    await repo.git(["config", "core.bigFileThreshold", "1"]);
    for (const limit of [2 * mebi, 6 * mebi]) {
      const small = await makeSandbox();
      const outcome = await small.checkOut({ url: server.url("large"), limits: { checkoutBytes: limit } });
      expect(Number(excess(limit).exec(problemOf(outcome))?.[1])).toBeGreaterThan(limit);
      expect(await small.list()).toEqual([]);
      await small.remove();
    }
    const outcome = await sandbox.checkOut({ url: server.url("large"), limits: { checkoutBytes: 9 * mebi } });
    expect(outcome).toMatchObject({ ok: true });
  });

  test("a small pack that holds a huge file is refused before the file is written", async () => {
    await server.createRepo("zeros", { zeros: new Uint8Array(32 * mebi) });
    const limit = 16 * mebi;
    const outcome = await sandbox.checkOut({ url: server.url("zeros"), limits: { checkoutBytes: limit } });
    const actual = Number(excess(limit).exec(problemOf(outcome))?.[1]);
    expect(actual).toBeGreaterThanOrEqual(32 * mebi);
    expect(await sandbox.list()).toEqual([]);
  });

  test("a pack of a few hundred bytes that holds ten thousand million files is refused at once", async () => {
    const url = await makeRaw(async (repo, blob) => {
      let tree = await makeTree(repo, ...Array.from({ length: 10 }, (_, i) => `100644 blob ${blob}\tf${i}`));
      for (let level = 0; level < 9; level++) {
        const inner = tree;
        tree = await makeTree(repo, ...Array.from({ length: 10 }, (_, i) => `040000 tree ${inner}\td${i}`));
      }
      return tree;
    });
    const limit = 64 * mebi;
    const outcome = await sandbox.checkOut({ url, limits: { checkoutBytes: limit } });
    expect(Number(excess(limit).exec(problemOf(outcome))?.[1])).toBeLessThan(2 * limit);
    expect(await sandbox.list()).toEqual([]);
  });

  /** A server that begins to answer and then says nothing more; `asked` when it was reached. */
  async function serveSilence(): Promise<{ url: string; asked: Promise<ServerResponse>; close: () => Promise<void> }> {
    const asked = Promise.withResolvers<ServerResponse>();
    const silent = await startGitServer({
      intercept: (_, response) => {
        response.writeHead(200, { "Content-Type": "application/x-git-upload-pack-advertisement" }).write("001e");
        asked.resolve(response);
        return true;
      },
    });
    return { url: silent.url("x"), asked: asked.promise, close: silent.close };
  }

  test("a server that falls silent is given up when the time is over, with both figures", async () => {
    const silence = await serveSilence();
    const outcome = await sandbox.checkOut({ url: silence.url, limits: { checkoutSeconds: 1 } });
    expect(problemOf(outcome)).toMatch(/: the time that it takes is [12] seconds, the limit is 1 seconds$/);
    expect(findProcesses(sandbox.root)).toEqual([]);
    expect(await readdir(sandbox.scratch)).toEqual([]);
    await silence.close();
  });

  test("an abort kills git with all its children, and rejects with its reason", async () => {
    const silence = await serveSilence();
    const abort = new AbortController();
    const outcome = sandbox.checkOut({
      url: silence.url,
      username: "me",
      secrets: { password: "canary" },
      signal: abort.signal,
    });
    const response = await silence.asked;
    const gone = new Promise((resolve) => response.once("close", resolve));
    const running = findProcesses(sandbox.root).map(({ pid }) => pid);
    expect(running.length).toBeGreaterThanOrEqual(2);
    const reason = new Error("cancelled");
    abort.abort(reason);
    await expect(outcome).rejects.toBe(reason);
    await gone;
    expect(findProcesses(sandbox.root)).toEqual([]);
    expect(await readdir(sandbox.scratch)).toEqual([]);
    await silence.close();
  });

  test("an abort in the middle of a download leaves no process behind", async () => {
    const abort = new AbortController();
    const slow = await startGitServer({
      intercept: (request) => {
        if (request.method === "POST" && request.headers["content-length"] !== "0") abort.abort(new Error("cancelled"));
        return false;
      },
    });
    await slow.createRepo("download", { file: randomBytes(2 * mebi) });
    const outcome = sandbox.checkOut({ url: slow.url("download"), signal: abort.signal });
    await expect(outcome).rejects.toThrow("cancelled");
    expect(findProcesses(sandbox.root)).toEqual([]);
    await slow.close();
  });
});
