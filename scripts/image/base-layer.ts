/**
 * What git, ssh and Node need of an operating system, and nothing else: of Debian's packages the programs that are run,
 * the libraries of their dependencies, certificate authorities, licences. No shell, no Perl, no Python, no package manager.
 */
import { lstat, mkdir, readdir, readFile, readlink, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fetchDebianPackage, queryDebianPackages } from "../debian-package.ts";
import { buildFile, type Entry } from "./entry.ts";

/** Packages, and which of their files are taken. */
const programs: Readonly<Record<string, readonly string[]>> = {
  // What else git can do is in scripts, or in helpers for protocols that are refused.
  git: ["usr/bin/git", "usr/lib/git-core/git-remote-http", "usr/lib/git-core/git-remote-https"],
  "openssh-client": ["usr/bin/ssh"],
  // Node's.
  "libstdc++6": [],
};
const authorities = "ca-certificates";

export interface BaseOptions {
  /** Where packages and the list of them are kept. */
  readonly cache: string;
}

/** The layer's entries. What was fetched once is used again until the cache is removed. */
export async function listBase({ cache }: BaseOptions): Promise<Entry[]> {
  const { names, stanzas } = await resolvePackages(cache);
  const directories = await fetchDebianPackage({ packages: names, into: cache });
  const taken = await Promise.all(directories.map((directory) => listPackage(directory)));
  const certificates = await readAuthorities(directories[names.indexOf(authorities)] ?? "");
  return [
    ...taken.flat(),
    ...buildFoundation(),
    buildFile("etc/ssl/certs/ca-certificates.crt", certificates),
    // Where scanners look for what is installed.
    buildFile("var/lib/dpkg/status", stanzas),
  ];
}

interface Resolved {
  readonly names: readonly string[];
  /** The packages' descriptions, as dpkg keeps them. */
  readonly stanzas: string;
}

async function resolvePackages(cache: string): Promise<Resolved> {
  const file = path.join(cache, "status");
  const kept = await readFile(file, "utf8").catch(() => undefined);
  const stanzas = kept ?? (await queryStanzas());
  if (kept === undefined) {
    await rm(cache, { recursive: true, force: true });
    await mkdir(cache, { recursive: true });
    await writeFile(file, stanzas);
  }
  return { names: [...stanzas.matchAll(/^Package: (.*)$/gm)].map(([, name = ""]) => name), stanzas };
}

async function queryStanzas(): Promise<string> {
  const only = ["recommends", "suggests", "conflicts", "breaks", "replaces", "enhances"].map((kind) => `--no-${kind}`);
  const roots = Object.keys(programs);
  const tree = parseDependencies(await queryDebianPackages(["depends", "--recurse", ...only, ...roots]));
  const names = [...collectLibraries(tree, roots), authorities].sort();
  const shown = await queryDebianPackages(["show", "--no-all-versions", ...names]);
  return shown.trim().replace(/^(Package: .*)$/gm, "$1\nStatus: install ok installed") + "\n";
}

/** `apt-cache depends`: a package at the line's start, below it, indented, what it depends on. */
export function parseDependencies(text: string): Map<string, string[]> {
  const tree = new Map<string, string[]>();
  let current: string[] = [];
  for (const line of text.split("\n")) {
    const [, dependency] = /^ *\|?(?:Pre)?Depends: ([^<\s]+)$/.exec(line) ?? [];
    if (dependency !== undefined) current.push(dependency);
    else if (/^[^\s<]/.test(line)) tree.set(line.trim(), (current = []));
  }
  return tree;
}

/** The roots, and what they need to be loaded: other dependencies serve scripts that aren't there. */
function collectLibraries(tree: ReadonlyMap<string, readonly string[]>, roots: readonly string[]): Set<string> {
  const found = new Set(roots);
  for (const name of found) {
    for (const other of tree.get(name) ?? [])
      if (/^(lib|zlib)/.test(other) && !other.endsWith("-perl")) found.add(other);
  }
  return found;
}

async function listPackage(directory: string): Promise<Entry[]> {
  const name = path.basename(directory);
  const wanted = programs[name] ?? [];
  const isWanted = (file: string) =>
    wanted.includes(file) || isLibrary(file) || file === `usr/share/doc/${name}/copyright`;
  const found = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = found.filter((entry) => !entry.isDirectory()).map((entry) => path.join(entry.parentPath, entry.name));
  const entries = await Promise.all(
    files.map(async (file) => {
      const target = mergeUsr(path.relative(directory, file));
      return isWanted(target) ? [await toEntry(file, target)] : [];
    }),
  );
  const missing = wanted.filter((file) => !entries.flat().some((entry) => entry.path === file));
  if (missing.length > 0) throw new Error(`Cannot take ${missing.join(", ")} from the package ${name}: not there`);
  return entries.flat();
}

/** Older packages have files beside `/usr`, where links of ours lead into it. */
function mergeUsr(file: string): string {
  return /^(lib|lib64|bin|sbin)\//.test(file) ? `usr/${file}` : file;
}

/** Shared libraries, and the program that loads them; nothing that is loaded on demand, such as character sets. */
function isLibrary(file: string): boolean {
  return /^usr\/lib(64)?\/([^/]+-linux-gnu\/)?[^/]+\.so(\.[^/]*)?$/.test(file);
}

async function toEntry(file: string, target: string): Promise<Entry> {
  const stats = await lstat(file);
  if (stats.isSymbolicLink()) return { kind: "link", path: target, target: await readlink(file) };
  return { kind: "file", path: target, mode: stats.mode & 0o755, content: { file } };
}

/** The bundle that Debian makes when the package is installed. */
async function readAuthorities(directory: string): Promise<string> {
  const folder = path.join(directory, "usr/share/ca-certificates/mozilla");
  const names = (await readdir(folder)).filter((name) => name.endsWith(".crt")).sort();
  return (await Promise.all(names.map((name) => readFile(path.join(folder, name), "utf8")))).join("");
}

/** What every system has. Helpers run as uid 1000, and ssh insists on knowing its user. */
function buildFoundation(): Entry[] {
  const links = ["bin", "lib", "lib64", "sbin"].map((name): Entry => ({
    kind: "link",
    path: name,
    target: `usr/${name}`,
  }));
  const directories = ["dev", "home/agent", "proc", "run", "sys", "usr/bin", "usr/lib64", "usr/sbin"].map(
    (directory): Entry => ({ kind: "directory", path: directory, mode: 0o755 }),
  );
  return [
    ...links,
    ...directories,
    { kind: "directory", path: "tmp", mode: 0o1777 },
    buildFile("etc/passwd", "root:x:0:0:root:/root:/none\nagent:x:1000:1000:agent:/home/agent:/none\n"),
    buildFile("etc/group", "root:x:0:\nagent:x:1000:\n"),
    buildFile("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n"),
  ];
}
