/**
 * A git server over ssh: OpenSSH's own sshd, for the user who runs the test, with keys of its own. Where none is installed
 * it is fetched from Debian and run as it is. As root sshd insists on a system user `sshd`, which nss_wrapper makes it
 * see, so that the machine's /etc/passwd stays as it is.
 */
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { access, copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir, userInfo } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { fetchDebianPackage } from "../../scripts/debian-package.ts";
import { createRepository, type Files, type Repository } from "./repository.ts";

const run = promisify(execFile);

export interface SshServerOptions {
  /** This machine's address to listen on, and in URLs; left out: 127.0.0.1. */
  readonly host?: string;
}

export interface SshGitServer {
  readonly port: number;
  /** A key that the server lets in. */
  readonly privateKey: string;
  /** The line of known_hosts that holds the server's key. */
  readonly knownHosts: string;
  url(repo: string): string;
  createRepo(name: string, files?: Files): Promise<Repository>;
  close(): Promise<void>;
}

/** Starts a git server on a free port. */
export async function startSshGitServer({ host = "127.0.0.1" }: SshServerOptions = {}): Promise<SshGitServer> {
  const root = await mkdtemp(path.join(tmpdir(), "git-ssh-server-"));
  const port = await findFreePort(host);
  await Promise.all(["host", "client"].map((name) => makeKey(path.join(root, name))));
  const hostKey = (await readFile(path.join(root, "host.pub"), "utf8")).trim();
  const child = await startSshd(root, { host, port });
  return {
    port,
    privateKey: await readFile(path.join(root, "client"), "utf8"),
    knownHosts: `[${host}]:${port} ${hostKey.split(" ").slice(0, 2).join(" ")}\n`,
    url: (repo) => `ssh://${userInfo().username}@${host}:${port}${path.join(root, `${repo}.git`)}`,
    createRepo: (name, files) => createRepository(path.join(root, `${name}.git`), files),
    close: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        const ended = new Promise((resolve) => child.once("exit", resolve));
        child.kill();
        await ended;
      }
      await rm(root, { recursive: true, force: true });
    },
  };
}

async function makeKey(file: string): Promise<void> {
  await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", file]);
}

async function startSshd(root: string, { host, port }: { host: string; port: number }): Promise<ChildProcess> {
  const settings = [
    `ListenAddress ${host}:${port}`,
    `HostKey ${path.join(root, "host")}`,
    `AuthorizedKeysFile ${path.join(root, "client.pub")}`,
    "AuthenticationMethods publickey",
    "PermitRootLogin yes",
    "PidFile none",
    // The directory for temporary files is everybody's, which strict modes refuse for a key.
    "StrictModes no",
  ];
  const config = path.join(root, "sshd_config");
  await writeFile(config, `${settings.join("\n")}\n`);
  const { program, env } = await findSshd(root);
  // Privilege separation of a root sshd: an empty directory that only root may write.
  if (process.getuid?.() === 0) await mkdir("/run/sshd", { recursive: true, mode: 0o755 });
  const child = spawn(program, ["-D", "-e", "-f", config], { env, stdio: ["ignore", "ignore", "pipe"] });
  await waitForListening(child);
  return child;
}

async function waitForListening(child: ChildProcess): Promise<void> {
  let log = "";
  await new Promise<void>((resolve, reject) => {
    child.stderr?.on("data", (chunk: Buffer) => {
      log += chunk.toString();
      if (log.includes("Server listening")) resolve();
    });
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`Cannot start sshd: it ended with ${code}: ${log}`)));
  });
}

async function findSshd(root: string): Promise<{ program: string; env: NodeJS.ProcessEnv }> {
  const env = { PATH: process.env["PATH"] };
  const installed = "/usr/sbin/sshd";
  if (await exists(installed)) return { program: installed, env };
  const [server = "", wrap = "", nss = ""] = await fetchDebianPackage({
    packages: ["openssh-server", "libwrap0", "libnss-wrapper"],
  });
  const [passwd, group] = [path.join(root, "passwd"), path.join(root, "group")];
  await copyFile("/etc/group", group);
  const user = "sshd:x:65533:65534::/run/sshd:/usr/sbin/nologin\n";
  await writeFile(passwd, (await readFile("/etc/passwd", "utf8")) + user);
  const wrapper = path.join(await findLibraries(nss), "libnss_wrapper.so");
  const preload = { LD_PRELOAD: wrapper, NSS_WRAPPER_PASSWD: passwd, NSS_WRAPPER_GROUP: group };
  return {
    program: path.join(server, installed),
    env: { ...env, ...preload, LD_LIBRARY_PATH: await findLibraries(wrap) },
  };
}

/** `usr/lib/x86_64-linux-gnu`, or what it is on this machine. */
async function findLibraries(unpacked: string): Promise<string> {
  const parent = path.join(unpacked, "usr", "lib");
  const [triplet = ""] = await readdir(parent);
  return path.join(parent, triplet);
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

async function findFreePort(host: string): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
