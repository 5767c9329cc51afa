/**
 * Fetches Debian packages without installing them: an apt-get with sources, lists and cache of its own below `.local/apt`,
 * signatures checked against Debian's keyring, unpacked with `dpkg -x` below `.local/debian`. The machine's own packages
 * and apt's state stay as they are, and root is not needed.
 *
 *     node scripts/debian-package.ts sid nats-server
 */
import { execFile, spawn } from "node:child_process";
import { access, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { readAptSources } from "./apt-sources.ts";

const run = promisify(execFile);
const local = fileURLToPath(new URL("../.local/", import.meta.url));
const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";

export interface DebianPackages {
  readonly packages: readonly string[];
  /** `sid`, `trixie`, …; left out: the machine's own release, with its security updates. */
  readonly suite?: string;
  /** Left out: `.local/debian`. */
  readonly into?: string;
}

/**
 * Makes the packages' files available, each below `<into>/<suite>/<package>`; answers with these directories, in order.
 * What is there already is not fetched again. Two processes at once are fine: one waits for the other.
 */
export async function fetchDebianPackage({ packages, suite, into }: DebianPackages): Promise<string[]> {
  const wanted = suite ?? (await readOwnSuite(packages));
  const home = path.join(into ?? path.join(local, "debian"), wanted);
  const directories = packages.map((name) => path.join(home, name));
  if ((await listMissing(directories)).length === 0) return directories;
  const work = path.join(local, "apt", wanted);
  await Promise.all([mkdir(home, { recursive: true }), mkdir(work, { recursive: true })]);
  const unlock = await takeLock(path.join(work, "lock"));
  try {
    const missing = await listMissing(directories);
    if (missing.length > 0) await download(missing, { suite: wanted, work });
  } catch (error) {
    throw new Error(`Cannot fetch ${packages.join(", ")} from Debian ${wanted}: ${describe(error)}`, { cause: error });
  } finally {
    unlock();
  }
  return directories;
}

async function listMissing(directories: readonly string[]): Promise<string[]> {
  const there = await Promise.all(
    directories.map((directory) =>
      access(directory).then(
        () => true,
        () => false,
      ),
    ),
  );
  return directories.filter((_, i) => there[i] !== true);
}

async function readOwnSuite(packages: readonly string[]): Promise<string> {
  const release = await readFile("/etc/os-release", "utf8").catch(() => "");
  const suite = /^VERSION_CODENAME="?([a-z]+)"?$/m.exec(release)?.[1];
  if (suite !== undefined) return suite;
  throw new Error(`Cannot fetch ${packages.join(", ")}: this is not a Debian machine. Install them by hand.`);
}

/** Everything below `work` belongs to whoever holds the lock, so what a killed process left there can go. */
async function download(directories: readonly string[], { suite, work }: { suite: string; work: string }) {
  const fresh = path.join(work, "fresh");
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { recursive: true });
  const names = directories.map((directory) => path.basename(directory));
  const env = await updateLists(work, suite);
  await run("apt-get", ["--quiet", "download", ...names], { env, cwd: fresh });
  const archives = await readdir(fresh);
  for (const directory of directories) {
    const archive = archives.find((file) => file.startsWith(`${path.basename(directory)}_`));
    if (archive === undefined) throw new Error(`apt-get downloaded no ${path.basename(directory)}`);
    const unpacked = path.join(fresh, path.basename(directory));
    await run("dpkg", ["-x", path.join(fresh, archive), unpacked]);
    // The last step: a directory that is there is complete.
    await rename(unpacked, directory);
  }
}

/** Brings apt's lists up to date; answers with the environment in which its commands see them and nothing else. */
async function updateLists(work: string, suite: string): Promise<NodeJS.ProcessEnv> {
  for (const name of ["lists/partial", "archives/partial"]) await mkdir(path.join(work, name), { recursive: true });
  const env = { ...process.env, APT_CONFIG: await writeConfiguration(work, suite), LC_ALL: "C.UTF-8" };
  await run("apt-get", ["--quiet", "update"], { env, cwd: work });
  return env;
}

/** What `apt-cache` says of the machine's own release, as it is today: `["show", "git"]`. */
export function queryDebianPackages(args: readonly string[]): Promise<string> {
  return askApt("apt-cache", args);
}

/**
 * The packages, and all that they need, by name: what apt would install on a machine that had nothing. Those that every
 * Debian machine has are among them.
 */
export async function listDebianClosure(packages: readonly string[]): Promise<string[]> {
  const uris = await askApt("apt-get", ["--quiet", "--print-uris", "--no-install-recommends", "install", ...packages]);
  // 'http://…/name_version_arch.deb' name_version_arch.deb size checksum
  return [...uris.matchAll(/^'[^']*' ([^_\s]+)_/gm)].map(([, name = ""]) => name);
}

async function askApt(program: "apt-get" | "apt-cache", args: readonly string[]): Promise<string> {
  const suite = await readOwnSuite(args);
  const work = path.join(local, "apt", suite);
  await mkdir(work, { recursive: true });
  const unlock = await takeLock(path.join(work, "lock"));
  try {
    const env = await updateLists(work, suite);
    return (await run(program, [...args], { env, cwd: work, maxBuffer: 64 * 1024 ** 2 })).stdout;
  } catch (error) {
    throw new Error(`Cannot ask ${program} ${args.join(" ")}: ${describe(error)}`, { cause: error });
  } finally {
    unlock();
  }
}

/**
 * A configuration that stands alone: of the machine's own only how to reach the network (proxies, for one) is taken over,
 * not its hooks, pins and sources.
 */
async function writeConfiguration(work: string, suite: string): Promise<string> {
  const sources = path.join(work, "sources.list");
  await writeFile(sources, (await listSources(suite)).join("\n"));
  const network = await run("apt-config", ["dump", "Acquire"]);
  const settings = {
    "Dir::Etc::Main": "/dev/null",
    "Dir::Etc::Parts": "/dev/null",
    "Dir::Etc::SourceList": sources,
    "Dir::Etc::SourceParts": "/dev/null",
    "Dir::Etc::Preferences": "/dev/null",
    "Dir::Etc::PreferencesParts": "/dev/null",
    "Dir::State": work,
    "Dir::State::lists": path.join(work, "lists"),
    "Dir::State::status": "/dev/null",
    "Dir::Cache": work,
    "Dir::Cache::pkgcache": "",
    "Dir::Cache::srcpkgcache": "",
    "Dir::Cache::archives": path.join(work, "archives"),
    // As root apt would turn into a user that may not be able to write here.
    "APT::Sandbox::User": "",
    "Acquire::Languages": "none",
  };
  const own = Object.entries(settings).map(([name, value]) => `${name} "${value}";`);
  const file = path.join(work, "apt.conf");
  await writeFile(file, [network.stdout, ...own, ""].join("\n"), { mode: 0o600 });
  return file;
}

/** The machine's own mirrors of its release; or, for another release, the same mirror with that one's name. */
async function listSources(suite: string): Promise<string[]> {
  const own = /^VERSION_CODENAME="?([a-z]+)"?$/m.exec(await readFile("/etc/os-release", "utf8"))?.[1] ?? "";
  const sources = (await readAptSources()).filter(({ components }) => components.includes("main"));
  const trusted = await access(keyring).then(
    () => `[signed-by=${keyring}] `,
    () => "",
  );
  const lines = sources.flatMap(({ uri, suites }) =>
    suites
      .filter((name) => name === own || (suite === own && name.startsWith(`${own}-`)))
      .map((name) => `deb ${trusted}${uri} ${name === own ? suite : name} main`),
  );
  if (lines.length === 0) throw new Error(`/etc/apt names no mirror of Debian ${own || "(this isn't Debian)"}, main`);
  return lines;
}

/** A lock that the kernel lets go of when this process ends, however it does: flock(1) holds it until its stdin closes. */
async function takeLock(file: string): Promise<() => void> {
  const holder = spawn("flock", [file, "sh", "-c", "echo locked; exec cat"], { stdio: ["pipe", "pipe", "inherit"] });
  const locked = await new Promise<boolean>((resolve) => {
    holder.stdout.once("data", () => resolve(true));
    holder.once("error", () => resolve(false));
    holder.once("exit", () => resolve(false));
  });
  if (!locked) throw new Error(`Cannot lock ${file}: flock does not work here. Is this a Debian machine?`);
  return () => holder.stdin.end();
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ("code" in error && error.code === "ENOENT") return "apt-get is not on this machine. Install them by hand.";
  const stderr = "stderr" in error && typeof error.stderr === "string" ? error.stderr.trim() : "";
  return stderr === "" ? error.message : stderr;
}

if (import.meta.main) {
  const [suite, ...packages] = process.argv.slice(2);
  if (suite === undefined || packages.length === 0) throw new Error("Usage: debian-package.ts <suite> <package>…");
  for (const directory of await fetchDebianPackage({ packages, suite })) console.log(directory);
}
