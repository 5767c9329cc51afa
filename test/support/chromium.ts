/**
 * Chromium for tests: the one that `CHROMIUM` names, or Debian's headless shell, fetched with all that it needs and not
 * installed.
 */
import { access, mkdir, readdir, readFile, rename, symlink, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { chromium, type Browser } from "playwright-core";
import { fetchDebianPackage, listDebianClosure } from "../../scripts/debian-package.ts";

const home = resolve(import.meta.dirname, "../../.local/chromium");
const wanted = ["chromium-headless-shell", "fonts-dejavu-core"];

/** What the machine's own loader belongs to, as two of them don't go together; and what draws by a graphics card. */
const leftOut =
  /^(libc6|libc-bin|libgcc-s1|gcc-\d+-base|libcrypt1|(debconf|dpkg|perl-base|xdg-utils|x11-|libllvm|libz3|libgl(1|x|vnd|api)|libxaw).*)$/;

const args = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Starts a browser with a profile of its own, which goes with it. */
export async function startChromium(): Promise<Browser> {
  const { executablePath, environment } = await findChromium();
  return chromium.launch({ executablePath, args, env: { ...process.env, ...environment } });
}

interface Found {
  readonly executablePath: string;
  readonly environment: Readonly<Record<string, string>>;
}

async function findChromium(): Promise<Found> {
  const { CHROMIUM: named = "" } = process.env;
  if (named !== "") return { executablePath: named, environment: {} };
  const names = await readClosure();
  const directories = await fetchDebianPackage({ packages: names, into: home });
  return {
    executablePath: join(await joinFolders(directories), "chromium-headless-shell"),
    environment: {
      LD_LIBRARY_PATH: await listLibraryFolders(directories),
      FONTCONFIG_FILE: await writeFontConfiguration(directories),
    },
  };
}

/** The program looks for its files beside itself, and they come in two packages. */
async function joinFolders(directories: readonly string[]): Promise<string> {
  const find = (name: string) =>
    join(directories.find((directory) => directory.endsWith(`/${name}`)) ?? "", "usr/lib/chromium");
  const [program, common] = [find("chromium-headless-shell"), find("chromium-common")];
  const there = new Set(await readdir(program));
  const missing = (await readdir(common)).filter((name) => !there.has(name));
  await Promise.all(missing.map((name) => symlink(join(common, name), join(program, name)).catch(ignoreExisting)));
  return program;
}

/** Another test does the same just now. */
function ignoreExisting(error: unknown): void {
  if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
}

/** Asked of apt once: what is there already is not fetched again. */
async function readClosure(): Promise<string[]> {
  const file = join(home, "closure.txt");
  const known = await readFile(file, "utf8").catch(() => "");
  if (known !== "") return known.split("\n");
  const names = (await listDebianClosure(wanted)).filter((name) => !leftOut.test(name));
  await mkdir(home, { recursive: true });
  // Whole or not there, for another test that reads it just now.
  await writeFile(`${file}.${process.pid}`, names.join("\n"));
  await rename(`${file}.${process.pid}`, file);
  return names;
}

async function listLibraryFolders(directories: readonly string[]): Promise<string> {
  const triplet = process.arch === "arm64" ? "aarch64-linux-gnu" : "x86_64-linux-gnu";
  const folders = directories.flatMap((directory) =>
    [`usr/lib/${triplet}`, `lib/${triplet}`, `usr/lib/${triplet}/pulseaudio`].map((folder) => join(directory, folder)),
  );
  const there = await Promise.all(
    folders.map((folder) =>
      access(folder).then(
        () => [folder],
        () => [],
      ),
    ),
  );
  return there.flat().join(":");
}

async function writeFontConfiguration(directories: readonly string[]): Promise<string> {
  const fonts = directories.find((directory) => directory.endsWith("/fonts-dejavu-core")) ?? "";
  const file = join(home, "fonts.conf");
  const elements = [
    `<dir>${join(fonts, "usr/share/fonts")}</dir>`,
    `<cachedir>${join(home, "fonts-cache")}</cachedir>`,
  ];
  await writeFile(file, `<?xml version="1.0"?>\n<fontconfig>${elements.join("")}</fontconfig>\n`);
  return file;
}
