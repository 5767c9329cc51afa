/**
 * JSON as it crosses our borders: without losing a digit, and without harm. A number that JavaScript can't hold exactly
 * (2^53 + 1, 1.0, 1e400) stays as it was written, by way of `JSON.rawJSON` (ECMAScript 2026, in every runtime that we
 * support). Nobody else calls `JSON.parse`.
 */
import { describeLimit, limits } from "./limits.ts";
import { refuse, succeed, type Result } from "./result.ts";

/** A number kept as its source text, made by `JSON.rawJSON`; `JSON.stringify` writes it back unchanged. */
export interface RawNumber {
  readonly rawJSON: string;
}
export type JsonValue = string | number | boolean | null | RawNumber | JsonValue[] | JsonObject;
export interface JsonObject {
  [key: string]: JsonValue;
}

// TypeScript's library doesn't know them yet.
interface RawJson {
  rawJSON(text: string): RawNumber;
  isRawJSON(value: unknown): value is RawNumber;
  parse(text: string, reviver: (key: string, value: unknown, context: { source?: string }) => unknown): unknown;
}
const json = JSON as unknown as RawJson;

/** A number with all its digits, however many a `number` could hold. Throws a SyntaxError for what is no JSON number. */
export function toRawNumber(digits: string): RawNumber {
  return json.rawJSON(digits);
}

/**
 * Reads JSON text. Refused with a reason: what isn't JSON, more than `mostLevels` levels, a `__proto__` key.
 * A leading byte order mark isn't JSON (RFC 8259, section 8.1).
 */
export function parseJson(text: string, mostLevels: number = limits.jsonDepth): Result<JsonValue> {
  if (text.trim() === "") return refuse("not JSON: it is empty");
  const { depth, plain } = survey(text);
  if (depth > mostLevels) return refuse(`nested too deep: ${describeLimit("it", depth, mostLevels, "levels")}`);
  if (text.startsWith("\uFEFF")) return refuse("not JSON: it begins with a byte order mark");
  let poisoned = false;
  try {
    // A reviver is called for each member and costs ten times the parsing: only where it can find something.
    if (plain) return succeed(JSON.parse(text) as JsonValue);
    const value = json.parse(text, (key, value, { source }) => {
      if (key === "__proto__") poisoned = true;
      return typeof value === "number" && source !== undefined && String(value) !== source
        ? json.rawJSON(source)
        : value;
    });
    return poisoned ? refuse('it has the key "__proto__", which is not allowed') : succeed(value as JsonValue);
  } catch (error) {
    return refuse(`not JSON: ${describeMistake(error, text)}`);
  }
}

/** Reads JSON text whose top level must be an object. */
export function parseJsonObject(text: string): Result<JsonObject> {
  const parsed = parseJson(text);
  if (!parsed.ok) return parsed;
  return isJsonObject(parsed.value) ? succeed(parsed.value) : refuse(`not an object but ${describeKind(parsed.value)}`);
}

/** Writes JSON; numbers that were kept as text come out as they went in. */
export function stringifyJson(value: unknown): string {
  return JSON.stringify(value);
}

/**
 * Writes JSON with the keys of every object sorted: equal values have equal text (RFC 8785 but for numbers, which keep
 * the form in which they came).
 */
export function stringifyCanonical(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map(stringifyCanonical).join(",")}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const members = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${stringifyCanonical(value[key] ?? null)}`);
  return `{${members.join(",")}}`;
}

export function isRawNumber(value: unknown): value is RawNumber {
  return json.isRawJSON(value);
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !isRawNumber(value);
}

/** The kind of a JSON value, for error texts: `a list`, `null`, `a number`. */
export function describeKind(value: unknown): string {
  if (value === null) return "null";
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "number") return "a number";
  if (isRawNumber(value)) return "a number such as 1.0, 1e3 or one beyond 2^53";
  if (typeof value === "object") return "an object";
  return `a ${typeof value}`;
}

/**
 * What there is in JSON text, before it is parsed: levels of brackets, as a reviver recurses, and whether it is plain. Then
 * all of its numbers are whole and JavaScript writes them as they are written here, and no key can be `__proto__`.
 */
function survey(text: string): { depth: number; plain: boolean } {
  let plain = !/__proto__|\\u/.test(text);
  let depth = 0;
  let deepest = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 0x22) i = skipString(text, i);
    else if (c === 0x5b || c === 0x7b) deepest = Math.max(deepest, ++depth);
    else if (c === 0x5d || c === 0x7d) depth--;
    else if (plain && (c === 0x2d || isDigit(c))) {
      const end = skipNumber(text, i);
      plain = plainNumber.test(text.slice(i, end));
      i = end - 1;
    }
  }
  return { depth: deepest, plain };
}

/** Up to 15 digits are exact in JavaScript; -0 is not among them, as it would lose its sign. */
const plainNumber = /^(0|-?[1-9]\d{0,14})$/;

/** The index behind a number; what is no JSON is the parser's to refuse. */
function skipNumber(text: string, start: number): number {
  let end = start + 1;
  while (isDigit(text.charCodeAt(end)) || "+-.eE".includes(text[end] ?? " ")) end++;
  return end;
}

function isDigit(c: number): boolean {
  return c >= 0x30 && c <= 0x39;
}

/** The index of the quote that ends the string that begins at `start`; the text's length if none does. */
function skipString(text: string, start: number): number {
  for (let quote = text.indexOf('"', start + 1); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let before = quote - 1;
    while (text.charCodeAt(before) === 0x5c) before--;
    // An even number of backslashes: they escape each other.
    if ((quote - before) % 2 === 1) return quote;
  }
  return text.length;
}

/** V8 quotes the text around a mistake, which may be a secret: only what is wrong and where is passed on. */
function describeMistake(error: unknown, text: string): string {
  const message = error instanceof Error ? error.message : "";
  const position = /position (\d+)/.exec(message)?.[1];
  const cutOff = /end of JSON input|Unterminated/.test(message) || Number(position) === text.length;
  if (cutOff) return "it ends in the middle of a value";
  return position === undefined ? "it can't be read" : `unexpected character at position ${position}`;
}
