/** The machine that figures come from, and the versions of what they are about. */
import { execFile } from "node:child_process";
import { availableParallelism, cpus, loadavg, release, totalmem, type } from "node:os";
import { promisify } from "node:util";
import { findNatsServer } from "../nats-server.ts";

const run = promisify(execFile);

/** Lines of a description. */
export async function describeMachine(): Promise<string[]> {
  const { stdout } = await run(await findNatsServer(), ["--version"]);
  const model = cpus()[0]?.model.trim() ?? "unknown";
  return [
    `${availableParallelism()} cores (${model}), ${Math.round(totalmem() / 1024 ** 3)} GiB of memory`,
    `${type()} ${release()}`,
    `Node ${process.versions.node}, ${stdout.trim()}`,
    `load average over the 15 minutes before the end, the bench's own included (sections that were measured later say theirs): ${loadavg()[2]?.toFixed(1) ?? "unknown"}`,
  ];
}
