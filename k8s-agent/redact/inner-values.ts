/**
 * What a secret holds that is a document itself: a service account's JSON, a kubeconfig, an ini or `.env` file, one of them in
 * base64. Programs take such documents apart, and print what they found there alone.
 */
import { parseJson, type JsonValue } from "../../src/contract/json.ts";

/** Shorter values of lines are words such as `true` and `Config`, which would be masked wherever they stand. */
const shortestLineValue = 8;

/** What a name may be made of, with a list's dash, quotes and `export` before it. */
const assigned = /^[\w.\-"' ]{1,200}$/;

/** The values inside of a text, each shorter than it; those of documents within them are theirs to tell. */
export function listInnerValues(text: string): JsonValue[] {
  const core = text.trim();
  if (/^[[{"]/.test(core)) {
    const parsed = parseJson(core);
    if (parsed.ok) return [parsed.value];
  }
  const decoded = decodeBase64(core);
  return decoded === undefined ? listLineValues(core) : [decoded];
}

function listLineValues(text: string): string[] {
  const lines = text.split(/[\r\n]+/);
  if (lines.length === 1) return [];
  return lines.map(readAssigned).filter((value) => value.length >= shortestLineValue);
}

/**
 * The value of `KEY=value`, `key: value`, `export KEY="value"`, `- key: value`; empty where it is none. Not one expression: with
 * white space on both sides of what it looks for, that takes time by the square of a line's length.
 */
function readAssigned(line: string): string {
  const at = line.search(/[=:]/);
  if (at < 0 || !assigned.test(line.slice(0, at).trim())) return "";
  const value = line
    .slice(at + 1)
    .trim()
    .replace(/[;,]$/, "");
  const [quote = ""] = value;
  const isQuoted = value.length > 1 && /["']/.test(quote) && value.endsWith(quote);
  return (isQuoted ? value.slice(1, -1) : value).trim();
}

/** Undefined where it isn't base64, or doesn't hold text. */
function decodeBase64(text: string): string | undefined {
  if (text.length < 16 || !/^[\w+/\-\s]+={0,2}$/.test(text)) return undefined;
  const decoded = Buffer.from(text, "base64").toString("utf8");
  // Most of what only looks like base64 comes out as bytes that are no text.
  return /[^\t\n\r\x20-\x7e\u00a0-\ufffc]/.test(decoded) || decoded.trim().length < shortestLineValue
    ? undefined
    : decoded;
}
