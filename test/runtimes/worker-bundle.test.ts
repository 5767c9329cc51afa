/** The Worker as it would be deployed: bundled by wrangler, offline, and looked at from outside. */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTemporaryDirectory, type TemporaryDirectory } from "../support/temporary-directory.ts";

/**
 * Cloudflare takes 3 MiB of gzip on its free plan. What matters sooner is that a Worker starts cold, which takes longer the
 * more there is to parse: twice what it is today would be a library that doesn't belong there.
 */
const mostGzipBytes = 256 * 1024;

const root = resolve(import.meta.dirname, "../..");
let directory: TemporaryDirectory;
let bundle: string;

beforeAll(async () => {
  directory = await createTemporaryDirectory();
  const args = ["deploy", "--dry-run", "--outdir", join(directory.path, "out")];
  const environment = { PATH: process.env["PATH"], HOME: directory.path, WRANGLER_SEND_METRICS: "false" };
  await promisify(execFile)("wrangler", args, { cwd: root, env: environment });
  bundle = await readFile(join(directory.path, "out", "worker.js"), "utf8");
});
afterAll(() => directory.remove());

describe("The Worker's bundle", () => {
  test(`is at most ${mostGzipBytes} bytes of gzip`, () => {
    const size = gzipSync(bundle).length;
    console.log(`The Worker is ${bundle.length} bytes, ${size} bytes of gzip; the limit is ${mostGzipBytes}`);
    expect(size).toBeLessThan(mostGzipBytes);
  });

  test("needs nothing of Node's, and has nothing of the agent's", () => {
    const imports = [...bundle.matchAll(/^import .*? from "([^"]+)"/gm)].map(([, name]) => name);
    // `crypto` is what tweetnacl, of the NATS client, would take where there is no WebCrypto.
    expect(imports.filter((name) => name !== "crypto")).toEqual(["cloudflare:workers"]);
    const modules = [...bundle.matchAll(/^ *\/\/ ([\w@./-]+\.[cm]?[jt]s)$/gm)].map(([, path = ""]) => path);
    expect(modules).toContain("src/app.ts");
    expect(modules.filter((path) => /^(k8s-agent|scripts|test|adapters\/(?!cloudflare))/.test(path))).toEqual([]);
    expect(modules.filter((path) => /node_modules\/(pino|vitest|@hono\/node-server)/.test(path))).toEqual([]);
  });
});
