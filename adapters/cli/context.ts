/** What every command is given, made of the global options and the environment. */
import { readFile } from "node:fs/promises";
import { createClient, type Client } from "./api/client.ts";
import { Stop } from "./exit-codes.ts";
import { createScreen, type Screen } from "./terminal/screen.ts";

export interface Context {
  readonly client: Client;
  readonly screen: Screen;
  /** Aborts when the user interrupts. */
  readonly signal: AbortSignal;
  readonly now: () => Date;
}

/** Options that every command has. */
export interface GlobalOptions {
  readonly url?: string;
  readonly tokenFile?: string;
  readonly json?: boolean;
  readonly color: boolean;
}

const defaultUrl = "http://127.0.0.1:8787";

type Environment = Readonly<Record<string, string | undefined>>;

/** Throws `Stop` when an option or a variable can't be used. */
export async function createContext(options: GlobalOptions, signal: AbortSignal): Promise<Context> {
  const environment: Environment = process.env;
  const { stdout, stderr } = process;
  const screen = createScreen({ json: options.json ?? false, colour: options.color, stdout, stderr, environment });
  const url = readUrl(options.url ?? (environment["CONTAINER_DRIVER_URL"] || defaultUrl));
  const token = await readToken(options.tokenFile, environment);
  if (token !== undefined && !isPrivate(url))
    screen.note(
      `${screen.paintNote("yellow", "Warning:")} ${url} is not encrypted: others on the way can read the token`,
    );
  return { client: createClient({ url, token }), screen, signal, now: () => new Date() };
}

function readUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || !["http:", "https:"].includes(url.protocol))
    throw new Stop("usage", `Cannot use the URL ${JSON.stringify(text)}: it must begin with http:// or https://`);
  // Arguments are seen by others, and so is what a server's log has of a URL.
  if (url.username !== "" || url.password !== "")
    throw new Stop(
      "usage",
      "Cannot use a URL with a password: give a token with --token-file or CONTAINER_DRIVER_TOKEN",
    );
  return (url.origin + url.pathname).replace(/\/+$/, "");
}

async function readToken(file: string | undefined, environment: Environment): Promise<string | undefined> {
  if (file === undefined) return checkToken(environment["CONTAINER_DRIVER_TOKEN"], "CONTAINER_DRIVER_TOKEN");
  try {
    return checkToken(await readFile(file, "utf8"), file) ?? raise(`Cannot use the token in ${file}: it is empty`);
  } catch (error) {
    if (error instanceof Stop) throw error;
    throw new Stop("usage", `Cannot read the token: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function checkToken(text: string | undefined, from: string): string | undefined {
  const token = text?.trim();
  if (token === undefined || token === "") return undefined;
  // It becomes a header.
  return /^[\x21-\x7e]+$/.test(token) ? token : raise(`Cannot use the token in ${from}: it must be one word of ASCII`);
}

function raise(message: string): never {
  throw new Stop("usage", message);
}

function isPrivate(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === "https:" || hostname === "localhost" || hostname === "[::1]" || hostname.startsWith("127.");
}
