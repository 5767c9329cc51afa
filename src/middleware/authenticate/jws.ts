/**
 * A compact JWS (RFC 7515) taken apart before anybody verifies it, stricter than the RFC: one spelling for each token, and
 * nothing in it that two readers could read differently.
 */
import { base64url } from "jose";
import { decodeUtf8 } from "../../contract/decode.ts";
import { isJsonObject, parseJsonObject, type JsonObject, type JsonValue } from "../../contract/json.ts";
import { refuse, succeed, type Result } from "../../contract/result.ts";

export interface Jws {
  /** The token itself. */
  readonly text: string;
  readonly header: JsonObject;
  readonly payload: JsonObject;
  readonly signature: Uint8Array<ArrayBuffer>;
  /** What the signature is over. */
  readonly signed: Uint8Array<ArrayBuffer>;
}

export function parseJws(text: string): Result<Jws> {
  const parts = text.split(".");
  const [head = "", body = "", tail = ""] = parts;
  if (parts.length !== 3) return refuse(`not a JWS: it has ${parts.length} parts, a JWS has 3`);
  const header = parsePart(head);
  if (!header.ok) return refuse(`its header: ${header.problem}`);
  // Extensions that change what is signed or how the rest is to be read: we speak none.
  if ("crit" in header.value || "b64" in header.value) return refuse("its header asks for an extension (crit or b64)");
  const payload = parsePart(body);
  if (!payload.ok) return refuse(`its payload: ${payload.problem}`);
  const signature = decodeCanonical(tail);
  if (!signature.ok) return refuse(`its signature: ${signature.problem}`);
  const signed = new Uint8Array(new TextEncoder().encode(`${head}.${body}`));
  return succeed({ text, header: header.value, payload: payload.value, signature: signature.value, signed });
}

function parsePart(part: string): Result<JsonObject> {
  const bytes = decodeCanonical(part);
  if (!bytes.ok) return bytes;
  const text = decodeUtf8(bytes.value);
  if (!text.ok) return text;
  const parsed = parseJsonObject(text.value);
  if (!parsed.ok) return parsed;
  return hasDuplicateNames(text.value, parsed.value) ? refuse("JSON with one name twice") : parsed;
}

/** Base64url in its only canonical spelling: no padding, no white space, spare bits zero. */
function decodeCanonical(part: string): Result<Uint8Array<ArrayBuffer>> {
  if (!/^[A-Za-z0-9_-]+$/.test(part) || part.length % 4 === 1) return refuse("empty or not base64url");
  const bytes = new Uint8Array(base64url.decode(part));
  return base64url.encode(bytes) === part ? succeed(bytes) : refuse("not canonical base64url");
}

/**
 * Whether JSON text names a member twice, of which parsers keep the first or the last. Outside of strings, each member
 * has one colon: more colons than members that came out means that some were lost.
 */
export function hasDuplicateNames(text: string, parsed: JsonValue): boolean {
  const colons = text.replaceAll(/"[^"\\]*(?:\\.[^"\\]*)*"/gs, "").split(":").length - 1;
  return colons !== countMembers(parsed);
}

function countMembers(value: JsonValue): number {
  if (Array.isArray(value)) return value.reduce((sum: number, item) => sum + countMembers(item), 0);
  if (!isJsonObject(value)) return 0;
  return Object.values(value).reduce((sum: number, item) => sum + 1 + countMembers(item), 0);
}
