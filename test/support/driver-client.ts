/** An orchestrator in small: calls a driver as the driver API has it, and repeats while the answer is 202. */
import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { isJsonObject, parseJson, stringifyJson, type JsonObject } from "../../src/contract/json.ts";
import { sendRequest, type HttpAnswer } from "./http.ts";

export interface CallOptions {
  readonly headers?: Readonly<Record<string, string>>;
}

export interface DriverClient {
  /** One PUT. A string is sent as it is. */
  put(guresid: string, body: unknown, options?: CallOptions): Promise<HttpAnswer>;
  delete(guresid: string, options?: CallOptions): Promise<HttpAnswer>;
  get(guresid: string, options?: CallOptions): Promise<HttpAnswer>;
  /** PUT until the answer isn't 202, waiting as the server asks. */
  provision(guresid: string, body: unknown, options?: CallOptions): Promise<HttpAnswer>;
  /** DELETE until the answer isn't 202. */
  destroy(guresid: string, options?: CallOptions): Promise<HttpAnswer>;
}

/** Longer than any run of the suites takes. */
const mostSeconds = 100;

export interface ClientOptions {
  readonly driver?: string;
  /** What becomes of a request's body before it is sent: images and volumes, where containers are pods. */
  readonly adapt?: (body: unknown) => unknown;
}

export function createDriverClient(url: string, { driver = "container", adapt }: ClientOptions = {}): DriverClient {
  const call = (method: string, guresid: string, body: unknown, { headers = {} }: CallOptions = {}) =>
    sendRequest(url, {
      method,
      path: `/drivers/${driver}/${guresid}`,
      headers: { ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...headers },
      ...(body === undefined ? {} : { body: write(body) }),
    });
  const write = (body: unknown) => {
    const adapted = adapt === undefined ? body : adapt(body);
    return typeof adapted === "string" ? adapted : stringifyJson(adapted);
  };

  return {
    put: (guresid, body, options) => call("PUT", guresid, body, options),
    delete: (guresid, options) => call("DELETE", guresid, undefined, options),
    get: (guresid, options) => call("GET", guresid, undefined, options),
    provision: (guresid, body, options) => repeat((held) => call("PUT", guresid, body, held), options),
    destroy: (guresid, options) => repeat((held) => call("DELETE", guresid, undefined, held), options),
  };
}

/** Asks the server to hold its answers, and waits `Retry-After` where it can't hold them long enough. */
async function repeat(
  ask: (options: CallOptions) => Promise<HttpAnswer>,
  { headers = {} }: CallOptions = {},
): Promise<HttpAnswer> {
  const end = performance.now() + mostSeconds * 1000;
  for (;;) {
    const answer = await ask({ headers: { Prefer: "wait=25", ...headers } });
    if (answer.status !== 202) return answer;
    if (performance.now() > end) throw new Error(`Cannot settle a resource: still 202 after ${mostSeconds} seconds`);
    await delay(1000 * Number(answer.headers["retry-after"] ?? 1));
  }
}

/** A new GUResID, as orchestrators make them: 40 hex digits. */
export function createGuresid(): string {
  return randomBytes(20).toString("hex");
}

/** The answer's body; throws where it isn't a JSON object. */
export function readBody({ status, text }: HttpAnswer): JsonObject {
  const body = parseJson(text, 200);
  if (body.ok && isJsonObject(body.value)) return body.value;
  throw new Error(`Cannot read an answer of ${status}: not a JSON object: ${text.slice(0, 500)}`);
}

/** `resource.values` of an answer that must be 200. */
export function readValues(answer: HttpAnswer): JsonObject {
  return readResource(answer, "values");
}

/** `resource.secrets` of an answer that must be 200. */
export function readSecrets(answer: HttpAnswer): JsonObject {
  return readResource(answer, "secrets");
}

function readResource(answer: HttpAnswer, part: "values" | "secrets"): JsonObject {
  const { resource } = readBody(answer);
  const found = isJsonObject(resource) ? resource[part] : undefined;
  if (answer.status === 200 && isJsonObject(found)) return found;
  throw new Error(`Cannot read outputs from an answer of ${answer.status}: ${answer.text.slice(0, 2000)}`);
}

/** `message` of an answer that must be a driver API error. */
export function readMessage(answer: HttpAnswer): string {
  const { message } = readBody(answer);
  if (answer.status >= 400 && typeof message === "string") return message;
  throw new Error(`Cannot read an error from an answer of ${answer.status}: ${answer.text.slice(0, 2000)}`);
}

/** A JSON value that must be a string. */
export function readText(value: unknown): string {
  if (typeof value === "string") return value;
  throw new Error(`Cannot read a text: found ${typeof value}`);
}
