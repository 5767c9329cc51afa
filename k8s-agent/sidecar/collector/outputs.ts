/** What main produced: three files of JSON, small enough together to travel in one message. */
import path from "node:path";
import { exchangeFiles } from "../../../src/contract/container/variables.ts";
import { check, decodeUtf8 } from "../../../src/contract/decode.ts";
import { describeKind, parseJson, parseJsonObject, type JsonObject } from "../../../src/contract/json.ts";
import { describeLimit, limits } from "../../../src/contract/limits.ts";
import { Manifests, type Manifest, type Outputs } from "../../../src/contract/outputs.ts";
import { refuse, succeed, type Result } from "../../../src/contract/result.ts";
import { openRegularFile, type RegularFile } from "./open-regular-file.ts";

const names = ["OUTPUTS_FILE", "SECRET_OUTPUTS_FILE", "MANIFESTS_FILE"] as const;
type Name = (typeof names)[number];
type Texts = Readonly<Record<Name, string | undefined>>;

/** Reads the outputs; a file that isn't there is empty. The problem names the variable, and the limit if it is one. */
export async function readOutputs(exchangeDirectory: string): Promise<Result<Outputs>> {
  const opened: (readonly [Name, RegularFile])[] = [];
  try {
    for (const name of names) {
      const file = await openRegularFile(path.join(exchangeDirectory, exchangeFiles[name]));
      if (!file.ok) return refuse(describe(name, file.problem));
      if (file.value !== undefined) opened.push([name, file.value]);
    }
    const texts = await readTexts(opened);
    return texts.ok ? decodeTexts(texts.value) : texts;
  } finally {
    await Promise.all(opened.map(([, file]) => file.close()));
  }
}

async function readTexts(opened: readonly (readonly [Name, RegularFile])[]): Promise<Result<Texts>> {
  const total = opened.reduce((sum, [, { size }]) => sum + size, 0);
  if (total > limits.outputsBytes) return refuse(describeExcess(opened, total));
  const texts: Record<Name, string | undefined> = {
    OUTPUTS_FILE: undefined,
    SECRET_OUTPUTS_FILE: undefined,
    MANIFESTS_FILE: undefined,
  };
  for (const [name, file] of opened) {
    const text = await readText(file);
    if (!text.ok) return refuse(describe(name, text.problem));
    texts[name] = text.value;
  }
  return succeed(texts);
}

/** Reads no more than was counted: what a process of main's that lives on adds meanwhile is not part of the outputs. */
async function readText({ size, read }: RegularFile): Promise<Result<string>> {
  if (size === 0) return refuse("it is empty, must hold JSON");
  try {
    return decodeUtf8(await read({ position: 0, length: size }));
  } catch (error) {
    return refuse(`it can't be read (${error instanceof Error ? error.message : String(error)})`);
  }
}

/** One file that is too large by itself is named alone. */
function describeExcess(opened: readonly (readonly [Name, RegularFile])[], total: number): string {
  const single = opened.find(([, { size }]) => size > limits.outputsBytes);
  if (single !== undefined)
    return describe(single[0], describeLimit("it", single[1].size, limits.outputsBytes, "bytes"));
  const sizes = opened.map(([name, { size }]) => `${name} ${size}`).join(", ");
  const limit = describeLimit("what they hold together", total, limits.outputsBytes, "bytes");
  return `Cannot read ${names.join(", ")}: ${limit} (${sizes})`;
}

function decodeTexts(texts: Texts): Result<Outputs> {
  const values = parseMap(texts.OUTPUTS_FILE);
  if (!values.ok) return refuse(describe("OUTPUTS_FILE", values.problem));
  const secrets = parseMap(texts.SECRET_OUTPUTS_FILE);
  if (!secrets.ok) return refuse(describe("SECRET_OUTPUTS_FILE", secrets.problem));
  const manifests = parseManifests(texts.MANIFESTS_FILE);
  if (!manifests.ok) return refuse(describe("MANIFESTS_FILE", manifests.problem));
  return succeed({ values: values.value, secrets: secrets.value, manifests: manifests.value });
}

function parseMap(text: string | undefined): Result<JsonObject> {
  return text === undefined ? succeed({}) : parseJsonObject(text);
}

function parseManifests(text: string | undefined): Result<Manifest[]> {
  if (text === undefined) return succeed([]);
  const parsed = parseJson(text);
  if (!parsed.ok) return parsed;
  if (!Array.isArray(parsed.value)) return refuse(`not a list but ${describeKind(parsed.value)}`);
  return check(Manifests, parsed.value);
}

function describe(name: Name, problem: string): string {
  return `Cannot read ${name}: ${problem}`;
}
