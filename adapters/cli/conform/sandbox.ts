/**
 * What a strict cluster does to a container, done to a process of this machine: no root, and a file system that can only
 * be written where the contract says. With user and mount namespaces, which not every machine lets its users have.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { getSharedDirectory } from "../../../src/contract/container/environment.ts";
import type { ContainerInputs } from "../../../src/contract/container/inputs.ts";
import { exchangeDirectory } from "../../../src/contract/container/variables.ts";
import { refuse, succeed, type Result } from "../../../src/contract/result.ts";

/**
 * $1 and $2 stay writable. Every other mount keeps its options, which the kernel insists on, and becomes read-only; the
 * kernel's own file systems stay as they are. Then the second namespace: uid 1000, without a way back.
 */
const script = `
set -eu
for directory in "$1" "$2"; do mount --bind "$directory" "$directory"; done
while read -r _ _ _ _ point options _; do
  case "$point" in
    /proc|/proc/*|/sys|/sys/*|/dev|/dev/*|"$1"|"$2") continue ;;
  esac
  mount -o "remount,bind,ro,\${options#r[wo],}" "$(printf %b "$point")"
done < /proc/self/mountinfo
shift 2
exec unshare --user --map-user=1000 --map-group=1000 -- "$@"
`;

const enter = ["unshare", "--user", "--map-root-user", "--mount", "--propagation", "private", "--", "/bin/sh", "-c"];

/** The same inputs with their command inside the sandbox. */
export function confine(inputs: ContainerInputs): ContainerInputs {
  const { job } = inputs.values;
  // The launcher puts its own directories in the place of these two.
  const command = [...enter, script, "sh", getSharedDirectory(inputs), exchangeDirectory, ...(job.command ?? [])];
  return { ...inputs, values: { ...inputs.values, job: { ...job, command } } };
}

/** Whether this machine can do it, tried out on two directories; the problem is what the machine said. */
export async function trySandbox([first, second]: readonly [string, string]): Promise<Result<undefined>> {
  const [command, ...args] = [...enter, script, "sh", first, second, "/bin/sh", "-c", probe, "sh", first];
  const child = spawn(command, args, { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  try {
    const [code] = await once(child, "close");
    return code === 0 ? succeed(undefined) : refuse(said.trim().split("\n").at(-1) || `it ended with ${String(code)}`);
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

/** Not root, can write where it may, can't write beside it. */
const probe = `[ "$(id -u)" = 1000 ] && : > "$1/probe" && rm "$1/probe" && ! (: > "$1/../probe") 2>/dev/null`;
