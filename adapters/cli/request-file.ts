/** A driver request as people write it: YAML or JSON, in a file or from standard input. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename, extname, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { isJsonObject, parseJsonObject, stringifyJson, toRawNumber } from "../../src/contract/json.ts";
import { refuse, succeed, type Result } from "../../src/contract/result.ts";

/** Reads a request, `-` being standard input; returns the body to send, JSON whose numbers have kept their digits. */
export async function readRequestFile(file: string): Promise<Result<string>> {
  try {
    const content = file === "-" ? await text(process.stdin) : await readFile(file, "utf8");
    const body = await toBody(content.replace(/^\uFEFF/, ""), file);
    return body.ok ? body : refuse(`Cannot read the request in ${nameFile(file)}: ${body.problem}`);
  } catch (error) {
    return refuse(`Cannot read the request: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** A GUResID that is the same each time for the same file of this machine, and another one for any other. */
export function deriveGuresid(file: string): string {
  const path = resolve(file);
  const name = basename(path, extname(path)).toLowerCase();
  const words = name.replaceAll(/[^a-z0-9]+/g, "-").replaceAll(/^-+|-+$/g, "");
  const hash = createHash("sha256").update(path).digest("hex").slice(0, 8);
  return `${words.slice(0, 60) || "request"}-${hash}`;
}

function nameFile(file: string): string {
  return file === "-" ? "standard input" : file;
}

/** JSON goes as it is, whatever its file is called. */
async function toBody(content: string, file: string): Promise<Result<string>> {
  const json = parseJsonObject(content);
  if (json.ok) return succeed(content);
  return file.endsWith(".json") ? json : parseYaml(content);
}

async function parseYaml(content: string): Promise<Result<string>> {
  const { parseDocument } = await import("yaml");
  const document = parseDocument(content, { intAsBigInt: true });
  const [error] = document.errors;
  if (error !== undefined) return refuse(error.message.trim());
  const value: unknown = document.toJS({ maxAliasCount: 100 });
  if (!isJsonObject(value)) return refuse("it must be an object with type, resource and driver");
  return succeed(stringifyJson(keepDigits(value)));
}

/** Whole numbers of YAML have as many digits as they like; JSON of bigints is ours to make. */
function keepDigits(value: unknown): unknown {
  if (typeof value === "bigint") return toRawNumber(String(value));
  if (Array.isArray(value)) return value.map(keepDigits);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, keepDigits(member)]));
}
