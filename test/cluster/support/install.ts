/**
 * The agent installed in a cluster as docs/install.md has it, from a checkout whose `.local/` is the test's own: the manifests
 * that the overlay of a cluster comes to, in namespaces of the test's own.
 */
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import * as v from "valibot";
import { parseAllDocuments, stringify } from "yaml";
import { isJsonObject } from "../../../src/contract/json.ts";
import { createTemporaryDirectory, type TemporaryDirectory } from "../../support/temporary-directory.ts";
import { helperImage } from "./helper-pod.ts";
import { findKubectl, type Kubectl } from "./kubectl.ts";

export const agentName = "container-driver-agent";

const root = resolve(import.meta.dirname, "../../..");

export interface Namespaces {
  /** The agent's own. */
  readonly agent: string;
  readonly runs: string;
}

const Manifest = v.looseObject({
  apiVersion: v.string(),
  kind: v.string(),
  metadata: v.looseObject({
    name: v.string(),
    namespace: v.optional(v.string()),
    labels: v.optional(v.record(v.string(), v.string())),
  }),
});
export type Manifest = v.InferOutput<typeof Manifest>;

export interface Checkout {
  readonly path: string;
  readonly local: string;
  readonly kubectl: Kubectl;
  readonly namespaces: Namespaces;
  /** A command of docs/install.md, by the name that it is marked with. */
  getBlock(name: string): string;
  /** Runs such a command in the checkout. */
  runBlock(name: string): Promise<void>;
  /** What a kustomization comes to, as it is. */
  render(directory: string): Promise<Manifest[]>;
  /** Hands over manifests in the test's namespaces. */
  apply(manifests: readonly Manifest[]): Promise<void>;
  /** Removes the namespaces with all that is in them. */
  close(): Promise<void>;
}

export async function openCheckout(): Promise<Checkout> {
  const [directory, kubectl] = [await createTemporaryDirectory(), await findKubectl()];
  const path = join(directory.path, "checkout");
  await linkCheckout(path);
  const blocks = await readBlocks();
  const agent = `cd-test-${randomBytes(4).toString("hex")}`;
  const namespaces = { agent, runs: `${agent}-runs` };
  const getBlock = (name: string) => {
    const block = blocks.get(name);
    if (block === undefined) throw new Error(`docs/install.md has no block that is marked as ${name}`);
    return block;
  };
  return {
    path,
    local: join(path, ".local"),
    kubectl,
    namespaces,
    getBlock,
    runBlock: async (name) => void (await promisify(execFile)("sh", ["-ec", getBlock(name)], { cwd: path })),
    render: async (at) => readManifests(await kubectl(["kustomize", at], { cwd: path })),
    async apply(manifests) {
      const known = await kubectl(["api-versions"]);
      const input = manifests.map((one) => stringify(fitTo(known, moveTo(namespaces, one)))).join("---\n");
      await kubectl(["apply", "-f", "-"], { input });
    },
    close: () => closeCheckout(directory, { kubectl, namespaces }),
  };
}

async function closeCheckout(directory: TemporaryDirectory, at: { kubectl: Kubectl; namespaces: Namespaces }) {
  const { agent, runs } = at.namespaces;
  await at.kubectl(["delete", "namespace", agent, runs, "--ignore-not-found", "--wait=false"]);
  await directory.remove();
}

async function linkCheckout(path: string): Promise<void> {
  await mkdir(join(path, ".local"), { recursive: true, mode: 0o700 });
  const shown = (await readdir(root)).filter((name) => !name.startsWith("."));
  for (const name of shown) await symlink(join(root, name), join(path, name));
}

export const readInstallPage = (): Promise<string> => readFile(join(root, "docs/install.md"), "utf8");

export async function readBlocks(): Promise<Map<string, string>> {
  const text = await readInstallPage();
  const marked = text.matchAll(/<!-- tested: ([\w-]+) -->\s+```\w+\n([\s\S]*?)\n```/g);
  return new Map([...marked].map(([, name = "", block = ""]) => [name, block]));
}

function readManifests(text: string): Manifest[] {
  return parseAllDocuments(text).map((document) => v.parse(Manifest, document.toJS()));
}

/** What the documented namespaces are called in a test: several may go on in one cluster at once. */
function moveTo({ agent, runs }: Namespaces, manifest: Manifest): Manifest {
  const names = new Map([
    ["container-driver", agent],
    ["container-driver-runs", runs],
  ]);
  const move = (value: unknown, key: string): unknown => {
    if (Array.isArray(value)) return value.map((one) => move(one, ""));
    if (isJsonObject(value))
      return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, move(one, name)]));
    const isName = key.toLowerCase() === "namespace" || (key === "name" && manifest.kind === "Namespace");
    return isName && typeof value === "string" ? (names.get(value) ?? value) : value;
  };
  return v.parse(Manifest, move(manifest, ""));
}

/** Clusters older than 1.21, which the product doesn't support but tests may have, know a budget by its older version. */
function fitTo(apiVersions: string, manifest: Manifest): Manifest {
  const { kind, apiVersion, spec } = manifest;
  const isKnown = apiVersions.split("\n").includes(apiVersion);
  if (kind !== "PodDisruptionBudget" || isKnown || !isJsonObject(spec)) return manifest;
  const { unhealthyPodEvictionPolicy: _, ...known } = spec;
  return { ...manifest, apiVersion: `${apiVersion}beta1`, spec: known };
}

/** In a cluster's overlay: the image that this machine's cluster has. */
export async function nameImage(kustomization: string): Promise<void> {
  const colon = helperImage.lastIndexOf(":");
  const text = await readFile(kustomization, "utf8");
  const named = text
    .replace(/newName: .*/, `newName: ${helperImage.slice(0, colon)}`)
    .replace(/newTag: .*/, `newTag: "${helperImage.slice(colon + 1)}"`);
  await writeFile(kustomization, named);
}
