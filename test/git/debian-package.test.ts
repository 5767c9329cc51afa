import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseLines, parseStanzas, readAptSources } from "../../scripts/apt-sources.ts";
import { fetchDebianPackage } from "../../scripts/debian-package.ts";

let into = "";
beforeAll(async () => {
  into = await mkdtemp(path.join(tmpdir(), "debian-package-"));
});
afterAll(() => rm(into, { recursive: true, force: true }));

test("a stanza file gives each enabled binary source, comments and all", () => {
  const text = `Types: deb deb-src
# a comment
URIs: https://one.example/debian https://two.example/debian
Suites: bookworm
 bookworm-updates
Components: main contrib
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----

Types: deb
Enabled: no
URIs: https://off.example/debian
Suites: bookworm
Components: main

Types: deb-src
URIs: https://sources.example/debian
Suites: bookworm
Components: main
`;
  const rest = { suites: ["bookworm", "bookworm-updates"], components: ["main", "contrib"] };
  expect(parseStanzas(text)).toEqual([
    { uri: "https://one.example/debian", ...rest },
    { uri: "https://two.example/debian", ...rest },
  ]);
});

test("a one-line file gives each binary source, options and comments left out", () => {
  const text = `# deb https://off.example bookworm main
deb [arch=amd64 signed-by=/k.gpg] https://one.example/debian bookworm main contrib # why
deb-src https://one.example/debian bookworm main
  deb https://two.example/debian sid main

`;
  expect(parseLines(text)).toEqual([
    { uri: "https://one.example/debian", suites: ["bookworm"], components: ["main", "contrib"] },
    { uri: "https://two.example/debian", suites: ["sid"], components: ["main"] },
  ]);
});

test("only the files that apt looks at are read, and a machine without apt has no sources", async () => {
  const etc = path.join(into, "etc");
  await mkdir(path.join(etc, "sources.list.d"), { recursive: true });
  await writeFile(path.join(etc, "sources.list"), "deb https://one.example d main\n");
  await writeFile(path.join(etc, "sources.list.d", "b.list"), "deb https://two.example d main\n");
  await writeFile(path.join(etc, "sources.list.d", "c.list.disabled"), "deb https://three.example d main\n");
  expect((await readAptSources(etc)).map(({ uri }) => uri)).toEqual(["https://one.example", "https://two.example"]);
  expect(await readAptSources(path.join(into, "nothing"))).toEqual([]);
});

test("two fetches at once and one after them give one complete package", { timeout: 120_000 }, async () => {
  const packages = ["libwrap0"];
  const [first, second] = await Promise.all([
    fetchDebianPackage({ packages, into }),
    fetchDebianPackage({ packages, into }),
  ]);
  expect(second).toEqual(first);
  const directory = first[0] ?? "";
  expect(await readdir(path.join(directory, "usr"))).toContain("lib");
  const before = await stat(directory);
  expect(await fetchDebianPackage({ packages, into })).toEqual(first);
  expect((await stat(directory)).ino).toBe(before.ino);
});

test("a package that doesn't exist is refused by name, and nothing half-made stays", { timeout: 120_000 }, async () => {
  const packages = ["no-such-package-here"];
  await expect(fetchDebianPackage({ packages, into })).rejects.toThrow(/Cannot fetch no-such-package-here .*no-such/s);
  const suites = await readdir(into);
  const made = await Promise.all(suites.map((suite) => readdir(path.join(into, suite))));
  expect(made.flat()).not.toContain("no-such-package-here");
});
