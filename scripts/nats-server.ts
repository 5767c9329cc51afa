/**
 * A nats-server without installing one: the one on the PATH, or Debian's package, fetched below `.local`.
 *
 *     node scripts/nats-server.ts [options of nats-server]
 *
 * Runs it with JetStream on 127.0.0.1:4222, with its storage in `.local/nats`; options that are given are added.
 */
import { spawn } from "node:child_process";
import { access, constants } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { fetchDebianPackage } from "./debian-package.ts";

/** The releases that we are tested with, by the Debian suite that has them. */
const suites = { "2.9": "bookworm", "2.10": "trixie", newest: "sid" } as const;
export type NatsServerVersion = keyof typeof suites;
export const natsServerVersions = Object.keys(suites) as NatsServerVersion[];

/** The path of a nats-server: of a version, or else whichever is there, or else the newest. */
export async function findNatsServer(version?: NatsServerVersion): Promise<string> {
  const installed = version === undefined ? await findOnPath("nats-server") : undefined;
  if (installed !== undefined) return installed;
  const [directory] = await fetchDebianPackage({ packages: ["nats-server"], suite: suites[version ?? "newest"] });
  if (directory === undefined) throw new Error("Cannot find nats-server: its package was not fetched");
  return path.join(directory, "usr/sbin/nats-server");
}

async function findOnPath(name: string): Promise<string | undefined> {
  for (const directory of (process.env["PATH"] ?? "").split(path.delimiter)) {
    const file = path.join(directory, name);
    const found = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return file;
  }
  return undefined;
}

if (import.meta.main) {
  const storage = fileURLToPath(new URL("../.local/nats", import.meta.url));
  const options = ["--jetstream", "--addr", "127.0.0.1", "--store_dir", storage, ...process.argv.slice(2)];
  const server = spawn(await findNatsServer(), options, { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => server.kill(signal));
  server.on("exit", (code) => {
    process.exitCode = code ?? 1;
  });
}
