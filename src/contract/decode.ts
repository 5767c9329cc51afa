/** The one way from bytes or JSON to something that a schema vouches for. */
import * as v from "valibot";
import { describeKind, parseJson, stringifyJson } from "./json.ts";
import { limits } from "./limits.ts";
import { refuse, succeed, type Result } from "./result.ts";

type AnySchema = v.BaseSchema<unknown, unknown, v.BaseIssue<unknown>>;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** Encodes a message of ours as JSON bytes. */
export function encodeMessage(message: unknown): Uint8Array {
  return encoder.encode(stringifyJson(message));
}

/** Decodes a message of ours; keys that the schema doesn't know are ignored, so that a newer writer breaks no reader. */
export function decodeMessage<S extends AnySchema>(
  schema: S,
  bytes: Uint8Array,
  mostLevels = limits.jsonDepth + limits.envelopeDepth,
): Result<v.InferOutput<S>> {
  const text = decodeUtf8(bytes);
  if (!text.ok) return text;
  const parsed = parseJson(text.value, mostLevels);
  return parsed.ok ? check(schema, parsed.value) : parsed;
}

/** Bytes to text; refused where they aren't UTF-8. */
export function decodeUtf8(bytes: Uint8Array): Result<string> {
  try {
    return succeed(utf8.decode(bytes));
  } catch {
    return refuse("not UTF-8");
  }
}

/** Holds a value against a schema. The problem names each JSON path, what was found and what is allowed; never a value. */
export function check<S extends AnySchema>(schema: S, value: unknown): Result<v.InferOutput<S>> {
  const result = v.safeParse(schema, value);
  return result.success ? succeed(result.output) : refuse(describeIssues(result.issues).join("; "));
}

const mostIssues = 5;

/** One sentence for each thing that is wrong, the first few in full. */
function describeIssues(issues: readonly v.BaseIssue<unknown>[]): string[] {
  const all = [...new Set(issues.map(describeIssue))];
  return all.length > mostIssues ? [...all.slice(0, mostIssues), `and ${all.length - mostIssues} more`] : all;
}

/**
 * "driver.values.job.image is a number, must be a string". Inputs may be secret, so what was found is named by
 * its kind; keys, which are the caller's words but not secrets, are quoted.
 */
function describeIssue(issue: v.BaseIssue<unknown>): string {
  return `${describePath(issue.path ?? [])} ${describeFault(issue)}`;
}

/** What is wrong, to be read after the path. */
export function describeFault({ kind, type, expected, received, input, message }: v.BaseIssue<unknown>): string {
  // valibot's own messages may quote the value; they all begin like this, and none of ours does.
  const ours = message.startsWith("Invalid ") ? undefined : message;
  if (kind !== "schema") return ours ?? `is not a valid ${type}`;
  if (type === "strict_object" && expected === "never") return message;
  if (received === "undefined") return "is missing";
  const allowed = ours ?? `must be ${describeExpected(expected)}`;
  return type === "picklist" && typeof input === "string" ? allowed : `is ${describeKind(input)}, ${allowed}`;
}

function describeExpected(expected: string | null): string {
  const words: Record<string, string> = {
    Object: "an object",
    Array: "a list",
    string: "a string",
    boolean: "true or false",
    number: "a number",
  };
  // valibot joins choices as TypeScript does: ("x" | "y").
  const choices = /^\((.*)\)$/.exec(expected ?? "")?.[1];
  if (choices !== undefined) return `one of ${choices.replaceAll(" | ", ", ")}`;
  return words[expected ?? ""] ?? expected ?? "something else";
}

/** JSON path as people write it: `driver.values.files["a/b.tf"]`, `job.args[2]`. */
export function describePath(path: readonly { readonly key?: unknown }[]): string {
  const text = path
    .map(({ key }) => describeKey(key))
    .join("")
    .replace(/^\./, "");
  return text === "" ? "the body" : text;
}

function describeKey(key: unknown): string {
  if (typeof key === "number") return `[${key}]`;
  const name = String(key);
  if (/^[A-Za-z_$][\w$-]*$/.test(name)) return `.${name}`;
  return `[${JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name)}]`;
}
