/** What the API server says where it doesn't give what it was asked for: a `Status` object (API conventions). */
import * as v from "valibot";
import { parseJson } from "../../../src/contract/json.ts";

const Status = v.object({
  reason: v.optional(v.string(), ""),
  message: v.optional(v.string(), ""),
  code: v.optional(v.number(), 0),
});

export interface ApiStatus {
  readonly status: number;
  /** Such as `AlreadyExists`; empty where something before the server has answered. */
  readonly reason: string;
  readonly message: string;
}

/** Longer sentences are cut: a proxy's page of HTML says no more at its end. */
const mostCharacters = 2000;

export function decodeStatus(status: number, text: string): ApiStatus {
  const parsed = parseJson(text);
  const known = v.safeParse(Status, parsed.ok ? parsed.value : undefined);
  const { reason, message } = known.success ? known.output : { reason: "", message: text.trim() };
  return { status, reason, message: (message || `the API server answered ${status}`).slice(0, mostCharacters) };
}

/** The object of a watch's ERROR event carries the status itself. */
export function decodeErrorEvent(object: unknown): ApiStatus {
  const known = v.safeParse(Status, object);
  if (!known.success) return { status: 500, reason: "", message: "the watch ended with an error that can't be read" };
  const { code, reason, message } = known.output;
  return { status: code, reason, message };
}
