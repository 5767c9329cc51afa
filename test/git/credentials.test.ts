import { execFileSync } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { connect, type AddressInfo } from "node:net";
import { createServer } from "node:http";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findProcesses, listProcesses } from "./processes.ts";
import { makeSandbox, problemOf, type Sandbox } from "./sandbox.ts";
import { startGitServer, startSshGitServer, type GitServer, type GitServerOptions } from "./server.ts";

let sandbox: Sandbox;
const closing: (() => Promise<void>)[] = [];
beforeEach(async () => {
  sandbox = await makeSandbox();
});
afterEach(async () => {
  await sandbox.remove();
  for (const close of closing.splice(0)) await close();
});

async function serve(options: GitServerOptions = {}): Promise<GitServer> {
  const server = await startGitServer(options);
  closing.push(server.close);
  await server.createRepo("app", { file: "content" });
  return server;
}

async function serveSsh() {
  const server = await startSshGitServer();
  closing.push(server.close);
  await server.createRepo("app", { file: "content" });
  return server;
}

/** Every file below a directory whose name or content holds the text. */
async function search(directory: string, text: string): Promise<string[]> {
  const names = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
  const contents = await Promise.all(files.map((file) => readFile(file, "latin1")));
  return files.filter((file, i) => file.includes(text) || contents[i]?.includes(text) === true);
}

const canary = "canary-Pa55";
const auth = { username: "me", password: canary };

describe("a password", () => {
  test("lets in, over https whose authority the operator named", async () => {
    const server = await serve({ auth, tls: true });
    const attempt = { url: server.url("app"), username: "me", secrets: { password: canary } };
    const outcome = await sandbox.checkOut({ ...attempt, policy: { caFile: server.caFile } });
    expect(outcome).toMatchObject({ ok: true });
    expect(await sandbox.read("file")).toBe("content");
  });

  test("may hold any character", async () => {
    const password = "p@ss:w/ö rd'\"$%41#?&\\`!😀";
    const server = await serve({ auth: { username: "me@corp.example", password } });
    const attempt = { url: server.url("app"), username: "me@corp.example", secrets: { password } };
    expect(await sandbox.checkOut(attempt)).toMatchObject({ ok: true });
  });

  test("without a username goes with the name git", async () => {
    const server = await serve({ auth: { username: "git", password: canary } });
    expect(await sandbox.checkOut({ url: server.url("app"), secrets: { password: canary } })).toMatchObject({
      ok: true,
    });
  });

  test("that is wrong or missing is said so, in a sentence that doesn't hold it", async () => {
    const server = await serve({ auth: { ...auth, password: "right" } });
    const wrong = problemOf(
      await sandbox.checkOut({ url: server.url("app"), username: "me", secrets: { password: canary } }),
    );
    expect(wrong).toBe(
      `Cannot check out ${server.url("app")} at its default branch: the server refuses the username and password`,
    );
    const missing = problemOf(await sandbox.checkOut({ url: server.url("app") }));
    expect(missing).toContain("asks for credentials, and there are none for it: give source.username, and password");
  });

  test("is in no argument or variable of any process while git runs, and in no file afterwards", async () => {
    const seen = { processes: 0, git: 0, found: [] as string[], files: [] as Promise<string[]>[] };
    const server = await serve({
      auth,
      intercept: () => {
        seen.processes += listProcesses().length;
        seen.git += findProcesses("git-remote-http").length;
        for (const text of [canary, "AGENT_CANARY="]) seen.found.push(...findProcesses(text).map(({ text }) => text));
        seen.files.push(search(sandbox.shared, canary));
        return false;
      },
    });
    const attempt = { url: server.url("app"), username: "me", secrets: { password: canary } };
    process.env["AGENT_CANARY"] = "a variable of the agent's";
    const outcome = await sandbox.checkOut(attempt);
    delete process.env["AGENT_CANARY"];
    expect(outcome).toMatchObject({ ok: true });
    expect(server.requests.length).toBeGreaterThanOrEqual(4);
    expect(seen.git).toBeGreaterThanOrEqual(server.requests.length);
    expect(seen.found).toEqual([]);
    expect((await Promise.all(seen.files)).flat()).toEqual([]);
    expect(await search(sandbox.root, canary)).toEqual([]);
    expect(await search(sandbox.root, Buffer.from(`me:${canary}`).toString("base64"))).toEqual([]);
    expect(await search(sandbox.root, "content")).toHaveLength(1);
  });

  test("that the server echoes is taken out of the error", async () => {
    const line = `ERR go away, ${canary} alias ${Buffer.from(`me:${canary}`).toString("base64")}\n`;
    const pack = (text: string) => (text.length + 4).toString(16).padStart(4, "0") + text;
    const server = await serve({
      intercept: (_, response) => {
        response.writeHead(200, { "Content-Type": "application/x-git-upload-pack-advertisement" });
        response.end(`${pack("# service=git-upload-pack\n")}0000${pack(line)}0000`);
        return true;
      },
    });
    const text = problemOf(
      await sandbox.checkOut({ url: server.url("app"), username: "me", secrets: { password: canary } }),
    );
    expect(text).toContain("go away, *** alias ***");
    expect(text).not.toContain(canary);
  });
});

describe("a redirect", () => {
  const attempt = (url: string) => ({ url, username: "me", secrets: { password: canary } });
  const localhost = (server: GitServer) => `http://localhost:${server.port}`;

  /** A server that asks for the password, or doesn't, and then sends everybody elsewhere. */
  async function serveRedirect(target: string, asks: boolean): Promise<GitServer> {
    return serve({
      intercept: (request, response) => {
        if (asks && request.headers.authorization === undefined) return false;
        response.writeHead(302, { Location: `${target}${request.url ?? ""}` }).end();
        return true;
      },
      ...(asks ? { auth } : {}),
    });
  }

  for (const asks of [true, false]) {
    const who = asks ? "a server that knows the password" : "a server that didn't ask";
    for (const where of ["localhost", "127.0.0.1"]) {
      test(`from ${who} to ${where} takes it to no other host or port, not even to one that asks`, async () => {
        const other = await serve({ auth });
        const first = await serveRedirect(`http://${where}:${other.port}`, asks);
        const text = problemOf(await sandbox.checkOut(attempt(first.url("app"))));
        const refused = "the server refuses the username and password";
        expect(text).toContain(
          asks ? refused : `${where}:${other.port} asks for credentials, and there are none for it`,
        );
        expect(other.requests.length).toBeGreaterThan(0);
        expect(other.requests.map(({ authorization }) => authorization).filter(Boolean)).toEqual([]);
        expect(first.requests.some(({ authorization }) => authorization !== undefined)).toBe(asks);
      });
    }
  }

  test("to an open repository elsewhere is followed, without the password", async () => {
    const other = await serve();
    const first = await serveRedirect(localhost(other), false);
    expect(await sandbox.checkOut(attempt(first.url("app")))).toMatchObject({ ok: true });
    expect(other.requests.map(({ authorization }) => authorization).filter(Boolean)).toEqual([]);
  });

  test("within the host, as when a repository was renamed, is followed with the password", async () => {
    const server = await serve({
      auth,
      intercept: (request, response) => {
        if (request.url?.startsWith("/old/") !== true) return false;
        response.writeHead(301, { Location: request.url.replace("/old/", "/") }).end();
        return true;
      },
    });
    const url = server.url("app").replace("/app", "/old/app");
    expect(await sandbox.checkOut(attempt(url))).toMatchObject({ ok: true });
  });

  test("to another protocol is refused", async () => {
    const plain = await serve();
    const first = await startGitServer({
      tls: true,
      intercept: (request, response) => {
        response.writeHead(302, { Location: `${localhost(plain)}${request.url ?? ""}` }).end();
        return true;
      },
    });
    closing.push(first.close);
    const policy = { caFile: first.caFile };
    const text = problemOf(await sandbox.checkOut({ ...attempt(first.url("app")), policy }));
    expect(text).toContain("the server redirects to a protocol that is not allowed");
    expect(plain.requests).toEqual([]);
  });

  test("to a file, or in the middle of the work, is refused", async () => {
    for (const target of ["file:///etc/passwd", "ftp://127.0.0.1/x"]) {
      const first = await serveRedirect(target, false);
      expect(problemOf(await sandbox.checkOut(attempt(first.url("app"))))).toContain("Cannot check out");
    }
    const other = await serve();
    const later = await serve({
      intercept: (request, response) => {
        if (request.method !== "POST") return false;
        response.writeHead(307, { Location: `${localhost(other)}${request.url ?? ""}` }).end();
        return true;
      },
    });
    expect(problemOf(await sandbox.checkOut(attempt(later.url("app"))))).toContain("Cannot check out");
    expect(other.requests).toEqual([]);
  });
});

describe("the machine's own settings", () => {
  test("don't count: neither variables nor the user's configuration", async () => {
    const server = await serve({ auth, tls: true });
    const helper = `!f() { echo username=me; echo password=${canary}; }; f`;
    await writeFile(path.join(sandbox.root, ".gitconfig"), `[credential]\n\thelper = "${helper}"\n`);
    const own = {
      HOME: sandbox.root,
      GIT_SSL_NO_VERIFY: "1",
      GIT_CONFIG_COUNT: "1",
      GIT_CONFIG_KEY_0: "http.sslVerify",
      GIT_CONFIG_VALUE_0: "false",
    };
    const before = { ...process.env };
    Object.assign(process.env, own);
    try {
      expect(problemOf(await sandbox.checkOut({ url: server.url("app") }))).toContain(
        "the server's certificate is not one that is trusted here",
      );
      const policy = { caFile: server.caFile };
      const text = problemOf(await sandbox.checkOut({ url: server.url("app"), policy }));
      expect(text).toContain("asks for credentials");
    } finally {
      for (const name of Object.keys(own)) delete process.env[name];
      Object.assign(process.env, before);
    }
  });

  test("a proxy is used where the operator names one", async () => {
    const server = await serve({ tls: true });
    const asked: string[] = [];
    const proxy = createServer().on("connect", (request, socket) => {
      asked.push(request.url ?? "");
      const onward = connect(server.port, "127.0.0.1", () => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n");
        socket.pipe(onward).pipe(socket);
      });
      for (const end of [socket, onward]) end.on("error", () => end.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    closing.push(async () => {
      proxy.close();
    });
    const policy = { caFile: server.caFile, proxy: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` };
    expect(await sandbox.checkOut({ url: server.url("app"), policy })).toMatchObject({ ok: true });
    expect(new Set(asked)).toEqual(new Set([`127.0.0.1:${server.port}`]));
  });
});

describe("a host that can't be reached", () => {
  const hosts: Record<string, RegExp> = {
    "https://127.0.0.1:1/repo": /the host can't be reached/,
    "https://no-such-host.invalid/repo": /the host no-such-host.invalid is unknown/,
    "ssh://git@127.0.0.1:1/repo": /the host can't be reached \(Connection refused\)/,
    "git@no-such-host.invalid:repo": /the host no-such-host.invalid is unknown/,
  };
  test.for(Object.entries(hosts))("%s", async ([url, text]) => {
    const outcome = await sandbox.checkOut({ url, secrets: { ssh_key: "a key", password: canary } });
    expect(problemOf(outcome)).toMatch(text);
    expect(problemOf(outcome)).toContain(`Cannot check out ${url} at its default branch`);
  });
});

describe("ssh", { timeout: 120_000 }, () => {
  test("a key lets in, with the host's key as the request knows it", async () => {
    const server = await serveSsh();
    const secrets = { ssh_key: server.privateKey, known_hosts: server.knownHosts };
    expect(await sandbox.checkOut({ url: server.url("app"), secrets })).toMatchObject({ ok: true });
    expect(await sandbox.read("file")).toBe("content");
    const line = server.privateKey.split("\n")[2] ?? "";
    expect(line.length).toBeGreaterThan(20);
    expect(await search(sandbox.root, line)).toEqual([]);
  });

  test("a key that went through Windows, without an end of line, lets in", async () => {
    const server = await serveSsh();
    const ssh_key = server.privateKey.replaceAll("\n", "\r\n").trimEnd();
    const secrets = { ssh_key, known_hosts: server.knownHosts.replace("\n", "\r\n") };
    expect(await sandbox.checkOut({ url: server.url("app"), secrets })).toMatchObject({ ok: true });
  });

  test("a host whose key is another one, or isn't known, is refused; without known hosts any is taken", async () => {
    const [server, other] = [await serveSsh(), await serveSsh()];
    const url = server.url("app");
    const otherKey = `[127.0.0.1]:${server.port} ${other.knownHosts.split(" ").slice(1).join(" ")}`;
    for (const known_hosts of [otherKey, other.knownHosts, ""]) {
      const text = problemOf(await sandbox.checkOut({ url, secrets: { ssh_key: server.privateKey, known_hosts } }));
      expect(text).toBe(`Cannot check out ${url} at its default branch: the host's key is not the one in known_hosts`);
    }
    expect(await sandbox.checkOut({ url, secrets: { ssh_key: server.privateKey } })).toMatchObject({ ok: true });
  });

  test("the operator's known hosts count where the request has none", async () => {
    const server = await serveSsh();
    const file = path.join(sandbox.root, "operator's known_hosts");
    const attempt = { url: server.url("app"), policy: { knownHostsFile: file } };
    await writeFile(file, "");
    const secrets = { ssh_key: server.privateKey };
    expect(problemOf(await sandbox.checkOut({ ...attempt, secrets }))).toContain("not the one in known_hosts");
    await writeFile(file, server.knownHosts);
    expect(await sandbox.checkOut({ ...attempt, secrets })).toMatchObject({ ok: true });
    expect(await readFile(file, "utf8")).toBe(server.knownHosts);
  });

  test("a wrong key, one that is none, and none at all are told apart", async () => {
    const [server, other] = [await serveSsh(), await serveSsh()];
    const tell = async (ssh_key: string) => {
      const secrets = { ssh_key, known_hosts: server.knownHosts };
      return problemOf(await sandbox.checkOut({ url: server.url("app"), secrets }));
    };
    expect(await tell(other.privateKey)).toContain("the server refuses the ssh key");
    const text = await tell("-----BEGIN OPENSSH PRIVATE KEY-----\ncanary\n-----END OPENSSH PRIVATE KEY-----\n");
    expect(text).toContain("driver.secrets.source.ssh_key can't be used");
    expect(text).not.toContain("canary");
    expect(text).not.toContain(sandbox.scratch);
    const file = path.join(sandbox.root, "locked");
    await writeFile(file, server.privateKey, { mode: 0o600 });
    execFileSync("ssh-keygen", ["-q", "-p", "-P", "", "-N", "a passphrase", "-f", file]);
    expect(await tell(await readFile(file, "utf8"))).toContain("or the key has a passphrase");
    const none = await sandbox.checkOut({ url: server.url("app"), secrets: { password: "x" } });
    expect(problemOf(none)).toContain("give driver.secrets.source.ssh_key");
  });

  test("a repository that isn't there", async () => {
    const server = await serveSsh();
    const secrets = { ssh_key: server.privateKey, known_hosts: server.knownHosts };
    expect(problemOf(await sandbox.checkOut({ url: server.url("nowhere"), secrets }))).toContain(
      "there is no such repository, or these credentials may not see it",
    );
  });

  test("an scp-like URL leads to the same place", async () => {
    const server = await serveSsh();
    // This form has no place for a port, so ssh itself is told.
    const program = execFileSync("sh", ["-c", "command -v ssh"]).toString().trim();
    const script = `#!/bin/sh\nexec '${program}' -p ${server.port} "$@"\n`;
    await writeFile(path.join(sandbox.root, "ssh"), script, { mode: 0o755 });
    const before = process.env["PATH"] ?? "";
    process.env["PATH"] = `${sandbox.root}:${before}`;
    try {
      const url = server.url("app").replace(/^ssh:\/\/([^:]+):\d+/, "$1:");
      expect(url).toMatch(/^\S+@127\.0\.0\.1:\/.*app\.git$/);
      const secrets = { ssh_key: server.privateKey, known_hosts: server.knownHosts };
      expect(await sandbox.checkOut({ url, secrets })).toMatchObject({ ok: true });
    } finally {
      process.env["PATH"] = before;
    }
  });
});
