/** The commands for operators, as they are typed, on a directory and a broker of their own. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { createInterface } from "node:readline";
import { findNatsServer, type NatsServerVersion } from "../../scripts/nats-server.ts";
import { findFreePort } from "../runtimes/free-port.ts";

const root = path.resolve(import.meta.dirname, "../..");

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Commands {
  readonly directory: string;
  readonly url: string;
  readonly webSocketUrl: string;
  /** Runs `npm run <name> -- <args>`, or rather what that runs. */
  run(name: string, ...args: readonly string[]): Promise<CommandResult>;
  /** Runs shell text in which such commands stand, as they are documented. */
  runText(text: string): Promise<CommandResult>;
  /** Edits what `broker:init` has configured, so that other machines reach the broker. */
  listenOnAllAddresses(): Promise<void>;
  /** Starts the broker that `broker:init` has configured. */
  startBroker(version: NatsServerVersion): Promise<{ stop(): Promise<void> }>;
}

export async function createCommands(directory: string): Promise<Commands> {
  const [port, webSocketPort] = [await findFreePort(), await findFreePort()];
  const url = `nats://127.0.0.1:${port}`;
  const ports = ["--port", String(port), "--websocket-port", String(webSocketPort)];
  const conf = path.join(directory, "broker/nats-server.conf");
  const completeArguments = (name: string) => ["--directory", directory, ...(name === "broker:init" ? ports : [])];

  const execute = (file: string, args: readonly string[]): Promise<CommandResult> =>
    new Promise((resolve) => {
      const environment = { ...process.env, NATS_URL: url };
      execFile(file, args, { cwd: root, env: environment }, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr });
      });
    });

  return {
    directory,
    url,
    webSocketUrl: `ws://127.0.0.1:${webSocketPort}`,
    run(name, ...args) {
      const script = path.join(root, "scripts", `${name.replace(":", "-")}.ts`);
      return execute(process.execPath, [script, ...completeArguments(name), ...args]);
    },
    runText(text) {
      const completed = text.replaceAll(/^npm run (\S+)(?: --)?(.*)$/gm, (_, name: string, args: string) =>
        ["npm run --silent", name, "--", args.trim(), ...completeArguments(name)].join(" "),
      );
      return execute("sh", ["-ec", completed]);
    },
    async listenOnAllAddresses() {
      const text = await readFile(conf, "utf8");
      await writeFile(conf, text.replace(`"127.0.0.1:${port}"`, `"0.0.0.0:${port}"`));
    },
    startBroker: (version) => startBroker(version, conf),
  };
}

async function startBroker(version: NatsServerVersion, conf: string): Promise<{ stop(): Promise<void> }> {
  const child = spawn(await findNatsServer(version), ["-c", conf], { stdio: ["ignore", "ignore", "pipe"] });
  const killWithUs = () => child.kill("SIGKILL");
  process.once("exit", killWithUs);
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stderr })) {
    lines.push(line);
    if (line.includes("Server is ready")) break;
  }
  child.stderr.resume();
  if (child.exitCode !== null) throw new Error(`Cannot start the broker: ${lines.join("\n")}`);
  return {
    async stop() {
      process.off("exit", killWithUs);
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
    },
  };
}
