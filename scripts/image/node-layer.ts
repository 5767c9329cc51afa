/** Node as its publisher built it: the very binary that this project's commands run on, from the package in the lockfile. */
import { fileURLToPath } from "node:url";
import { imagePaths } from "../../k8s-agent/sidecar/mounts.ts";
import type { Entry } from "./entry.ts";

/** The layer's entries. */
export async function listNode(): Promise<Entry[]> {
  const home = `../../node_modules/node-linux-${process.arch}`;
  const find = (file: string) => ({ file: fileURLToPath(new URL(`${home}/${file}`, import.meta.url)) });
  return [
    { kind: "file", path: imagePaths.node.slice(1), mode: 0o755, content: find("bin/node") },
    { kind: "file", path: "usr/local/share/doc/node/LICENSE", mode: 0o644, content: find("LICENSE") },
  ];
}
