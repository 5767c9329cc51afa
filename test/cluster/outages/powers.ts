/** What takes a part of a cluster away for real, and brings it back: shell commands of whoever runs the tests. */
import { spawn } from "node:child_process";
import { once } from "node:events";

export interface Power {
  /** Ends the part at once, as `kill -9` does. */
  takeAway(): Promise<void>;
  bringBack(): Promise<void>;
}

const variables = {
  apiServer: { takeAway: "STOP_API_SERVER", bringBack: "START_API_SERVER" },
  kubelet: { takeAway: "STOP_KUBELET", bringBack: "START_KUBELET" },
} as const;

/** Throws where a command is missing, as a test without it would prove nothing. */
export function findPower(part: keyof typeof variables): Power {
  const { takeAway, bringBack } = variables[part];
  return { takeAway: () => runCommand(takeAway), bringBack: () => runCommand(bringBack) };
}

async function runCommand(variable: string): Promise<void> {
  const command = process.env[variable];
  if (!command) throw new Error(`Cannot take a part of the cluster away: ${variable} is not set`);
  const child = spawn("sh", ["-c", command], { stdio: ["ignore", "ignore", "inherit"] });
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`Cannot carry out ${variable}: it exited with ${String(code)}`);
}
