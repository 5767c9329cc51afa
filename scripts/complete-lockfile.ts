/**
 * `npm run lockfile`: completes package-lock.json after a change of dependencies.
 *
 * Tools that bring a binary have one optional package for each platform. A registry mirror may hold only some of them; npm
 * then leaves the others out of the lockfile, and `npm ci` refuses that lockfile everywhere. Each missing one is entered
 * with its version and, from its name, the platform it is for. Their hashes are not known here.
 */
import { readFile, writeFile } from "node:fs/promises";
import * as v from "valibot";
import { check } from "../src/contract/decode.ts";
import { parseJson } from "../src/contract/json.ts";

const path = new URL("../package-lock.json", import.meta.url);
const Lockfile = v.looseObject({
  packages: v.record(v.string(), v.looseObject({ optionalDependencies: v.optional(v.record(v.string(), v.string())) })),
});

/** Words in package names, by what npm calls the platform. */
const words = {
  os: {
    darwin: "darwin",
    win32: "win32",
    windows: "win32",
    linux: "linux",
    android: "android",
    freebsd: "freebsd",
    openharmony: "openharmony",
  },
  cpu: {
    x64: "x64",
    "64": "x64",
    arm64: "arm64",
    arm: "arm",
    ia32: "ia32",
    ppc64: "ppc64",
    riscv64: "riscv64",
    s390x: "s390x",
  },
  libc: { gnu: "glibc", gnueabihf: "glibc", glibc: "glibc", musl: "musl", musleabihf: "musl" },
} as const;

function findPlatform(name: string): { os?: string[]; cpu?: string[]; libc?: string[] } {
  const parts = name.split(/[/-]/);
  const find = (map: Readonly<Record<string, string>>) =>
    parts.map((part) => map[part]).filter((word) => word !== undefined);
  const [os, cpu, libc] = [find(words.os), find(words.cpu), find(words.libc)];
  if (os.length !== 1 || cpu.length !== 1) throw new Error(`Cannot tell from its name which platform ${name} is for`);
  return { os, cpu, ...(libc.length === 0 ? {} : { libc }) };
}

const parsed = parseJson(await readFile(path, "utf8"));
const lockfile = parsed.ok ? check(Lockfile, parsed.value) : parsed;
if (!lockfile.ok) throw new Error(`Cannot read package-lock.json: ${lockfile.problem}`);
const { packages } = lockfile.value;
const wanted = Object.values(packages).flatMap(({ optionalDependencies = {} }) => Object.entries(optionalDependencies));
const missing = wanted.filter(([name]) => packages[`node_modules/${name}`] === undefined);
for (const [name, version] of missing) {
  packages[`node_modules/${name}`] = { version, dev: true, optional: true, ...findPlatform(name) };
}
const sorted = Object.fromEntries(Object.entries(packages).sort(([a], [b]) => (a < b ? -1 : 1)));
await writeFile(path, `${JSON.stringify({ ...lockfile.value, packages: sorted }, null, 2)}\n`);
console.log(`package-lock.json: ${missing.length} packages of other platforms entered`);
