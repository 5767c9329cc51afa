/** Requests to a front door. */
import type * as v from "valibot";
import { check } from "../../../src/contract/decode.ts";
import { DriverError } from "../../../src/contract/driver-api/answers.ts";
import { limits } from "../../../src/contract/limits.ts";
import { parseJson, type JsonValue } from "../../../src/contract/json.ts";
import { Stop } from "../exit-codes.ts";

export interface Call {
  readonly method?: "GET" | "PUT" | "DELETE" | "POST";
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

export interface Client {
  /** `http://host:port`, as it was given. */
  readonly url: string;
  /**
   * The answer, whatever its status, unless the server doesn't let the token in. Throws `Stop` then, `Unreachable` when
   * there is no answer, and the signal's reason once it aborts.
   */
  send(call: Call): Promise<Response>;
  /** What a GET answers with 200. Throws `Stop` for anything else. */
  read<S extends AnySchema>(schema: S, call: Call): Promise<v.InferOutput<S>>;
}

type AnySchema = v.BaseSchema<unknown, unknown, v.BaseIssue<unknown>>;

/** There was no answer: trying again may help. */
export class Unreachable extends Stop {
  constructor(message: string, options?: ErrorOptions) {
    super("unreachable", message, options);
    this.name = "Unreachable";
  }
}

export interface ClientOptions {
  readonly url: string;
  readonly token: string | undefined;
}

export function createClient({ url, token }: ClientOptions): Client {
  async function send({ method = "GET", path, query = {}, headers = {}, body, signal }: Call): Promise<Response> {
    const response = await reach(buildUrl(url, path, query), {
      method,
      headers: { ...headers, ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }) },
      // The token is for this server alone.
      redirect: "manual",
      signal,
      ...(body === undefined ? {} : { body }),
    });
    if (response.status === 401 || response.status === 403)
      throw new Stop("unreachable", `${url} does not allow that: ${await readProblem(response)}`);
    return response;
  }

  return {
    url,
    send,
    async read(schema, call) {
      const response = await send(call);
      if (response.status !== 200) throw await toStop(response, `${url}${call.path}`);
      const answer = check(schema, await readJson(response));
      if (answer.ok) return answer.value;
      throw new Stop("failed", `Cannot read what ${url}${call.path} answered: ${answer.problem}`);
    },
  };
}

function buildUrl(url: string, path: string, query: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const search = given.length === 0 ? "" : `?${new URLSearchParams(given).toString()}`;
  return `${url}${path}${search}`;
}

async function reach(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    if (init.signal?.aborted === true) throw error;
    throw new Unreachable(`Cannot reach ${new URL(url).origin}: ${explain(error)}`, { cause: error });
  }
}

/** fetch says nothing but "fetch failed": the system's own words are in its cause. */
export function explain(error: unknown): string {
  const { cause } = error instanceof Error ? error : {};
  const found = cause instanceof Error ? cause : error;
  const code = found instanceof Error && "code" in found ? String(found.code) : "";
  if (code === "ECONNREFUSED") return "nothing listens there; npm start starts a server of your own";
  if (code === "ENOTFOUND") return "there is no such host";
  const words = found instanceof Error ? found.message : String(found);
  return words || code || "the connection failed";
}

/** JSON of an answer; throws `Stop` where it is none. */
export async function readJson(response: Response): Promise<JsonValue> {
  const parsed = parseJson(await readText(response), limits.jsonDepth + limits.envelopeDepth);
  if (parsed.ok) return parsed.value;
  throw new Stop("failed", `Cannot read what ${new URL(response.url).origin} answered: ${parsed.problem}`);
}

/** An answer that isn't the one that was hoped for, as the end of the command. */
export async function toStop(response: Response, what: string): Promise<Stop> {
  const { code, problem } = await readFault(response);
  const ours = response.status >= 500 || (response.status >= 300 && response.status < 400);
  if (ours) return new Unreachable(`${what} answered ${response.status}: ${problem}`);
  return new Stop(isWrongUsage(code) ? "usage" : "failed", problem);
}

/** Whether a code of the driver API's errors says that what was asked can't be asked: nothing was tried. */
export function isWrongUsage(code: string | undefined): boolean {
  return code === "RES-100" || code === "RES-105" || code === "RES-107";
}

/** The server's own sentence; what another server says on the way is cut short. */
export async function readProblem(response: Response): Promise<string> {
  return (await readFault(response)).problem;
}

async function readFault(response: Response): Promise<{ code: string | undefined; problem: string }> {
  const text = await readText(response);
  const parsed = parseJson(text);
  const error = parsed.ok ? check(DriverError, parsed.value) : parsed;
  if (error.ok) return { code: error.value.error, problem: error.value.message };
  return { code: undefined, problem: describeForeign(response, text) };
}

/** What somebody else than a front door has said. */
function describeForeign(response: Response, text: string): string {
  const location = response.headers.get("Location");
  if (location !== null) return `it lives at ${location}: give that as --url`;
  return text.trim() === "" ? `status ${response.status}` : text.trim().slice(0, 300);
}

/** A connection that ends in the middle is one that wasn't there. */
async function readText(response: Response): Promise<string> {
  try {
    return await response.text();
  } catch (error) {
    if (error instanceof Error && error.name === "AbortError") throw error;
    throw new Unreachable(`Cannot reach ${new URL(response.url).origin}: ${explain(error)}`, { cause: error });
  }
}
