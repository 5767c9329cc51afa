/** Programs of the bench, each a process of its own. They say lines of JSON on stdout, and take some on stdin. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { isJsonObject, parseJson, stringifyJson, type JsonObject } from "../../src/contract/json.ts";

export interface Child {
  readonly pid: number;
  /** The next line that it says, as it is. Rejects when it has ended. */
  nextText(): Promise<string>;
  /** The same as JSON. */
  next(): Promise<JsonObject>;
  /** Sends a line, and answers with the next that it says. */
  ask(question: JsonObject): Promise<JsonObject>;
  /** Ends it with SIGTERM, or SIGKILL should that take too long. Twice is fine. */
  stop(): Promise<void>;
}

export interface ChildOptions {
  readonly command?: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
}

const patienceMilliseconds = 5000;

/** The path of one of the bench's programs. */
export function findProgram(name: string): string {
  return fileURLToPath(new URL(`programs/${name}.ts`, import.meta.url));
}

export function startChild({ command = process.execPath, args, env = {}, cwd = process.cwd() }: ChildOptions): Child {
  // What it logs costs it the writing, as in production; nobody reads it.
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["pipe", "pipe", process.env["BENCH_LOGS"] === undefined ? "ignore" : "inherit"],
  });
  const killWithUs = () => child.kill("SIGKILL");
  process.once("exit", killWithUs);
  const ended = once(child, "exit").finally(() => process.off("exit", killWithUs));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();

  async function nextText(): Promise<string> {
    const line = await lines.next();
    if (line.done === true) throw new Error(`Cannot go on: ${args.join(" ")} has ended (BENCH_LOGS=1 shows why)`);
    return line.value;
  }

  async function next(): Promise<JsonObject> {
    const text = await nextText();
    const parsed = parseJson(text);
    if (parsed.ok && isJsonObject(parsed.value)) return parsed.value;
    throw new Error(`Cannot read what ${args.join(" ")} says: ${text}`);
  }

  return {
    pid: child.pid ?? 0,
    nextText,
    next,
    ask(question) {
      child.stdin.write(`${stringifyJson(question)}\n`);
      return next();
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGTERM");
      const impatience = setTimeout(killWithUs, patienceMilliseconds);
      await ended;
      clearTimeout(impatience);
    },
  };
}

/** A member that must be a number. */
export function readNumber(message: JsonObject, name: string): number {
  const value = message[name];
  if (typeof value === "number") return value;
  throw new Error(`Cannot read the number ${name} from ${stringifyJson(message)}`);
}

/** A member that must be a text. */
export function readText(message: JsonObject, name: string): string {
  const value = message[name];
  if (typeof value === "string") return value;
  throw new Error(`Cannot read the text ${name} from ${stringifyJson(message)}`);
}
