/** Puts the image together, from what changes rarely to what changes often: an upgrade loads the last layer alone. */
import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { imagePaths } from "../../k8s-agent/sidecar/mounts.ts";
import { listApp } from "./app-layer.ts";
import { listBase } from "./base-layer.ts";
import type { Image, ImageConfig } from "./describe-image.ts";
import type { Entry } from "./entry.ts";
import { buildLayer, type Layer } from "./layer.ts";
import { listNode } from "./node-layer.ts";
import { writeArchive } from "./write-archive.ts";

export interface LayersOptions {
  readonly version: string;
  /** A directory for packages and layers; what is in it is used again. */
  readonly cache: string;
  /** Takes a line about what comes next. */
  readonly show: (text: string) => void;
  /** Left out: `listParts`. */
  readonly parts?: readonly ImagePart[];
}

export interface ImageOptions extends LayersOptions {
  /** With its tag. */
  readonly name: string;
  /** The archive. */
  readonly file: string;
}

/** What becomes a layer. */
export interface ImagePart {
  readonly name: string;
  readonly title: string;
  readonly list: () => Promise<readonly Entry[]>;
}

/** Makes the image's archive for this machine's architecture. The same sources and packages give the same digest. */
export async function buildImage(options: ImageOptions): Promise<{ digest: string; layers: Layer[] }> {
  const { name, version, file, show } = options;
  const layers = await buildLayers(options);
  show("Writing the archive …");
  const image: Image = { name, architecture: getArchitecture(), config: buildConfig(version), layers, created };
  return { digest: await writeArchive(image, file), layers };
}

/** Writes what the image's layers hold into a directory each: `base`, `node` and `app`, for a Containerfile to copy. */
export async function writeDirectories(options: LayersOptions, into: string): Promise<void> {
  const layers = await buildLayers(options);
  for (const { name, file } of layers) {
    const directory = path.join(into, name);
    await mkdir(directory, { recursive: true });
    await promisify(execFile)("tar", ["-xpf", file, "-C", directory]);
  }
}

async function buildLayers(options: LayersOptions): Promise<Layer[]> {
  const { cache, show, parts = listParts(options) } = options;
  const layers: Layer[] = [];
  for (const { name, title, list } of parts) {
    show(`Packing ${title} …`);
    layers.push(await buildLayer({ name, title, entries: await list() }, path.join(cache, "layers")));
  }
  return layers;
}

function listParts({ version, cache }: LayersOptions): ImagePart[] {
  return [
    {
      name: "base",
      title: "Debian: git, ssh, certificate authorities",
      list: () => listBase({ cache: path.join(cache, "debian") }),
    },
    { name: "node", title: `Node.js ${process.version}`, list: listNode },
    { name: "app", title: `Container Driver ${version}: agent, setup, collector`, list: listApp },
  ];
}

/** Not the time of day, which would make each image another one. */
const created = new Date(0).toISOString();

function getArchitecture(): "amd64" | "arm64" {
  return process.arch === "arm64" ? "arm64" : "amd64";
}

function buildConfig(version: string): ImageConfig {
  return {
    User: "1000:1000",
    Env: ["PATH=/usr/local/bin:/usr/bin", "HOME=/home/agent", "NODE_ENV=production"],
    Entrypoint: [imagePaths.node, `${imagePaths.app}/agent.js`],
    WorkingDir: imagePaths.app,
    Labels: {
      "org.opencontainers.image.title": "container-driver-agent",
      "org.opencontainers.image.version": version,
      "org.opencontainers.image.licenses": "Apache-2.0",
    },
  };
}
