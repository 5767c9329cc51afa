import { isJsonObject, parseJson, stringifyCanonical, type JsonValue } from "../../../contract/json.ts";
import { decodeUtf8 } from "../../../contract/decode.ts";

/**
 * Do two NATS JWTs say the same, but for when they were made? Signatures are not looked at: both come from places that we
 * trust, and checking them in JavaScript is slow.
 */
export function isSameClaim(one: string, other: string): boolean {
  const [first, second] = [readClaim(one), readClaim(other)];
  return first !== undefined && second !== undefined && stringifyCanonical(first) === stringifyCanonical(second);
}

/** What a JWT says, without the time and the id that each one has for itself; also those within it. */
function readClaim(jwt: string): JsonValue | undefined {
  const payload = parseJson(decodeBase64Url(jwt.split(".")[1] ?? ""));
  return payload.ok ? strip(payload.value) : undefined;
}

function strip(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(strip);
  if (!isJsonObject(value)) return value;
  const members = Object.entries(value).filter(([key]) => key !== "iat" && key !== "jti");
  return Object.fromEntries(members.map(([key, member]) => [key, key === "token" ? expand(member) : strip(member)]));
}

/** An import's activation token. */
function expand(token: JsonValue): JsonValue {
  return (typeof token === "string" ? readClaim(token) : undefined) ?? token;
}

function decodeBase64Url(text: string): string {
  if (!/^[\w-]*$/.test(text) || text.length % 4 === 1) return "";
  const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  const decoded = decodeUtf8(bytes);
  return decoded.ok ? decoded.value : "";
}
