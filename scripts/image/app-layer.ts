/**
 * The programs, each bundled into one file: a helper, which is on the way of every run, starts in 40 ms instead of 200, and
 * no package comes along of which nothing is used. Their licences do.
 */
import { readdir } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Metafile } from "esbuild";
import { imagePaths } from "../../k8s-agent/sidecar/mounts.ts";
import type { Entry } from "./entry.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const app = imagePaths.app.slice(1);

const programs = {
  agent: "adapters/agent/main.ts",
  setup: "k8s-agent/sidecar/setup/main.ts",
  collector: "k8s-agent/sidecar/collector/main.ts",
  "collector-ready": "k8s-agent/sidecar/collector/await-ready.ts",
} as const;

/** Packages in the older format call `require`, which a module hasn't. */
const banner = `import { createRequire } from "node:module";\nconst require = createRequire(import.meta.url);`;

/** The layer's entries. */
export async function listApp(): Promise<Entry[]> {
  const { outputFiles, metafile } = await build({
    entryPoints: programs,
    absWorkingDir: root,
    outdir: `/${app}`,
    bundle: true,
    write: false,
    metafile: true,
    platform: "node",
    target: "node24",
    format: "esm",
    banner: { js: banner },
    // The Kubernetes client is comments and white space for the greater part: without them the agent takes half the
    // memory. Names and short lines stay, so that a stack trace can be read.
    minifyWhitespace: true,
    lineLimit: 160,
    // In files of their own.
    legalComments: "none",
    logLevel: "warning",
    // The compiler's settings say nothing about bundles.
    tsconfigRaw: "{}",
  });
  const files = outputFiles.map(({ path: file, contents }): Entry => ({
    kind: "file",
    path: file.slice(1),
    mode: 0o644,
    content: contents,
  }));
  const manifest: Entry = {
    kind: "file",
    path: `${app}/package.json`,
    mode: 0o644,
    content: new TextEncoder().encode('{ "type": "module" }\n'),
  };
  return [...files, manifest, ...(await listLicenses(metafile))];
}

async function listLicenses({ inputs }: Metafile): Promise<Entry[]> {
  const packages = new Set(
    Object.keys(inputs).flatMap((input) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input) ?? []),
  );
  const own: Entry = {
    kind: "file",
    path: `${app}/LICENSE`,
    mode: 0o644,
    content: { file: path.join(root, "LICENSE") },
  };
  const others = await Promise.all([...packages].map((directory) => listPackageLicenses(directory)));
  return [own, ...others.flat()];
}

async function listPackageLicenses(directory: string): Promise<Entry[]> {
  const names = await readdir(path.join(root, directory));
  const name = directory.slice("node_modules/".length).replaceAll("/node_modules/", "/");
  return names
    .filter((file) => /^(licen[cs]e|notice|copying)/i.test(file))
    .map((file) => ({
      kind: "file",
      path: `${app}/licenses/${name}/${file}`,
      mode: 0o644,
      content: { file: path.join(root, directory, file) },
    }));
}
