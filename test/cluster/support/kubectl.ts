/** kubectl, as an operator runs it, on the cluster that `KUBECONFIG` points at. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { fetchDebianPackage } from "../../../scripts/debian-package.ts";

const run = promisify(execFile);

export interface KubectlOptions {
  readonly cwd?: string;
  readonly input?: string;
}

export type Kubectl = (args: readonly string[], options?: KubectlOptions) => Promise<string>;

/** Resolves with a function that runs kubectl, and rejects with what it had to complain about. */
export async function findKubectl(): Promise<Kubectl> {
  const file = await findFile();
  return async (args, { cwd, input } = {}) => {
    const running = run(file, [...args], { cwd, maxBuffer: 64 * 1024 ** 2 });
    running.child.stdin?.end(input ?? "");
    return (await running).stdout;
  };
}

/** The machine's own, unless its Kustomize is older than what we build on (`replacements`): Debian's then. */
async function findFile(): Promise<string> {
  const version = await run("kubectl", ["version", "--client"]).then(
    ({ stdout }) => stdout,
    () => "",
  );
  const [, major = "0"] = /Kustomize Version: v(\d+)\./.exec(version) ?? [];
  if (Number(major) >= 5) return "kubectl";
  const [directory = ""] = await fetchDebianPackage({ packages: ["kubectl"], suite: "trixie" });
  return join(directory, "usr/bin/kubectl");
}
