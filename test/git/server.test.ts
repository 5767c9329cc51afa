import { execFile } from "node:child_process";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { gitEnvironment } from "./repository.ts";
import { startGitServer, startSshGitServer } from "./server.ts";

let directory = "";
beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), "git-server-test-"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function clone(url: string, name: string, env: Record<string, string> = {}): Promise<string> {
  const into = path.join(directory, name);
  await promisify(execFile)("git", ["clone", "--quiet", url, into], {
    env: { ...gitEnvironment, GIT_TERMINAL_PROMPT: "0", ...env },
  });
  return readFile(path.join(into, "a/run.sh"), "utf8");
}

test("a repository can be cloned over http, with its commits, and the requests are on record", async () => {
  const server = await startGitServer();
  const repo = await server.createRepo("app", { "a/run.sh": { executable: "echo hello\n" } });
  const first = repo.head;
  expect(await repo.commit({ "a/run.sh": "echo bye\n", "b c": "" })).toBe(repo.head);
  expect(repo.head).not.toBe(first);
  expect(await clone(server.url("app"), "http")).toBe("echo bye\n");
  expect(server.requests[0]).toMatchObject({ method: "GET", url: "/app.git/info/refs?service=git-upload-pack" });
  await server.close();
  await server.close();
});

test("with auth, only the right password gets in, and https is real", async () => {
  const server = await startGitServer({ tls: true, auth: { username: "me", password: "right" } });
  await server.createRepo("app", { "a/run.sh": "hello" });
  const env = { GIT_SSL_CAINFO: server.caFile };
  const withPassword = (password: string) => server.url("app").replace("//", `//me:${password}@`);
  expect(await clone(withPassword("right"), "https", env)).toBe("hello");
  await expect(clone(withPassword("wrong"), "wrong", env)).rejects.toThrow(/Authentication failed/);
  await expect(clone(withPassword("right"), "untrusted")).rejects.toThrow(/certificate/);
  await server.close();
});

test("ssh lets in whoever has the key, and nobody else", async () => {
  const server = await startSshGitServer();
  await server.createRepo("app", { "a/run.sh": "hello" });
  const [key, hosts] = [path.join(directory, "key"), path.join(directory, "known_hosts")];
  await Promise.all([writeFile(key, server.privateKey), writeFile(hosts, server.knownHosts)]);
  await chmod(key, 0o600);
  const ssh = `ssh -F /dev/null -o BatchMode=yes -o IdentitiesOnly=yes -o UserKnownHostsFile='${hosts}'`;
  expect(await clone(server.url("app"), "ssh", { GIT_SSH_COMMAND: `${ssh} -i '${key}'` })).toBe("hello");
  await expect(clone(server.url("app"), "no-key", { GIT_SSH_COMMAND: ssh })).rejects.toThrow(/Permission denied/);
  await server.close();
  await server.close();
});
