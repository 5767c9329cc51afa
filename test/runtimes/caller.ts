/** Calls a front door, and writes down what was said. */
import { stringifyJson } from "../../src/contract/json.ts";
import { sendRequest, type HttpAnswer } from "../support/http.ts";
import type { Asked, Ledger } from "./ledger.ts";

export interface CallOptions {
  /** Text, and lists of texts (in chunks), as they are; anything else as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether the caller says who it is; default true. */
  readonly token?: boolean;
}

export type Caller = (method: string, path: string, options?: CallOptions) => Promise<HttpAnswer>;

export function createCaller(url: string, token: string, ledger?: Ledger): Caller {
  return async (method, path, { body, headers = {}, token: told = true } = {}) => {
    const known: Record<string, string> = told ? { Authorization: `Bearer ${token}` } : {};
    const request = { method, path, headers: { ...known, ...headers }, ...encodeBody(body) };
    const answer = await sendRequest(url, request);
    ledger?.note(request, answer);
    return answer;
  };
}

function encodeBody(body: unknown): Pick<Asked, "body"> {
  if (body === undefined) return {};
  if (typeof body === "string") return { body };
  const chunks = Array.isArray(body) && body.length > 0 && body.every((chunk) => typeof chunk === "string");
  return { body: chunks ? body : stringifyJson(body) };
}
