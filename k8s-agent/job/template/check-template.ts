/**
 * Holds a pod template against Kubernetes' own model of it and against the rules. Unknown fields are refused, as the API
 * server would drop them, and with them what their author meant. What is null counts as left out: template engines
 * leave such behind.
 */
import * as kubernetes from "@kubernetes/client-node";
import * as v from "valibot";
import { describePath } from "../../../src/contract/decode.ts";
import { describeKind, isRawNumber } from "../../../src/contract/json.ts";
import { RunId } from "../../../src/contract/names.ts";
import { buildWorkloadName } from "../names.ts";
import { measureQuantity } from "../quantity.ts";
import { judgeAnnotation, judgeLabel, required, rules, type FieldRule } from "./rules.ts";

interface Field {
  readonly baseName: string;
  readonly type: string;
  readonly format: string;
}

/** A value's place in the template, and what is wrong with the template so far. */
interface Place {
  readonly path: readonly (string | number)[];
  readonly faults: string[];
}

/** Fields that hold an amount: a number is as good as its text there. */
const quantities = new Set(["requests", "limits", "sizeLimit", "divisor"]);

/** The template without what is null, and one sentence for each thing that is wrong with it. */
export function checkTemplate(value: unknown): { template: kubernetes.V1PodTemplateSpec; faults: readonly string[] } {
  const faults: string[] = [];
  const template = readObject(value, "V1PodTemplateSpec", { path: [], faults });
  return { template: template ?? {}, faults };
}

/** Of all models the fields: Kubernetes' client knows them at run time. */
export function listFields(type: string): readonly Field[] {
  const model: unknown = Reflect.get(kubernetes, type);
  const list: unknown = typeof model === "function" ? Reflect.get(model, "getAttributeTypeMap") : undefined;
  return typeof list === "function" ? (list.call(model) as Field[]) : [];
}

function readObject(value: unknown, type: string, place: Place): object | undefined {
  if (!isObject(value)) return report(place, `is ${describeKind(value)}, must be an object`);
  for (const name of required[type] ?? []) {
    if ((value[name] ?? "") === "") report(enter(place, name), "is missing");
  }
  const fields = new Map(listFields(type).map((field) => [field.baseName, field]));
  const read = Object.entries(value)
    .filter(([, one]) => one !== null)
    .map(([key, one]) => [key, readMember(one, { type, field: fields.get(key), at: enter(place, key) })]);
  return Object.fromEntries(read.filter(([, one]) => one !== undefined));
}

interface Member {
  /** Of the object that the member is in. */
  readonly type: string;
  readonly field: Field | undefined;
  readonly at: Place;
}

function readMember(value: unknown, { type, field, at }: Member): unknown {
  if (field === undefined) return report(at, "is not known to Kubernetes");
  const rule = findRule(type, field.baseName);
  const why = rule === "taken" ? undefined : rule(value);
  if (why !== undefined) return report(at, `is ${quote(value)}, ${why}`);
  if (type === "V1ObjectMeta" && isObject(value)) judgeKeys(value, { field, at });
  return readTyped(value, field, at);
}

function findRule(type: string, name: string): FieldRule {
  const closed = rules[type];
  if (closed === undefined) return "taken";
  return closed[name] ?? (() => "which this driver does not support");
}

function judgeKeys(value: object, { field, at }: Pick<Member, "at"> & { field: Field }): void {
  const judge = field.baseName === "labels" ? judgeLabel : judgeAnnotation;
  for (const key of Object.keys(value)) {
    const why = judge(key);
    if (why !== undefined) report(enter(at, key), `is set, ${why}`);
  }
}

function readTyped(value: unknown, field: Field, at: Place): unknown {
  const list = /^Array<(.+)>$/.exec(field.type)?.[1];
  if (list === undefined) return readSingle(value, field, at);
  if (!Array.isArray(value)) return report(at, `is ${describeKind(value)}, must be a list`);
  return value.map((one: unknown, index) => readSingle(one, { ...field, type: list }, enter(at, index)));
}

function readSingle(value: unknown, field: Field, at: Place): unknown {
  if (listFields(field.type).length > 0) return readObject(value, field.type, at);
  if (quantities.has(field.baseName)) return readQuantities(value, field, at);
  if (field.type.startsWith("{")) return readTexts(value, at);
  if (field.type === "string") return readText(value, field, at);
  if (field.type === "boolean") return expectKind(value, typeof value === "boolean", { must: "true or false", at });
  const whole = Number.isSafeInteger(value);
  if (field.type === "number") return expectKind(value, whole, { must: "a whole number", at });
  if (field.type === "IntOrString") {
    return expectKind(value, whole || typeof value === "string", { must: "a whole number or a name", at });
  }
  return report(at, "is not supported by this driver");
}

function readText(value: unknown, field: Field, at: Place): unknown {
  // YAML reads `yes`, `1` and `0x1` as something else than text.
  if (typeof value !== "string") return report(at, `is ${describeKind(value)}, must be text: put it in quotes`);
  if (/[\0]/.test(value) || !value.isWellFormed()) return report(at, "must be Unicode text without NUL characters");
  if (["name", "secretName"].includes(field.baseName) && isRunName(value)) {
    return report(at, `is ${quote(value)}, which belongs to a run`);
  }
  return value;
}

/** Secrets of runs hold what only their own pods may see. */
function isRunName(name: string): boolean {
  const prefix = buildWorkloadName("");
  return name.startsWith(prefix) && v.is(RunId, name.slice(prefix.length));
}

function readTexts(value: unknown, at: Place): unknown {
  return readMap(value, at, (one, place) => readText(one, { baseName: "", type: "string", format: "" }, place));
}

function readQuantities(value: unknown, field: Field, at: Place): unknown {
  return field.type === "string" ? readQuantity(value, at) : readMap(value, at, readQuantity);
}

function readQuantity(value: unknown, at: Place): unknown {
  const text = isRawNumber(value) ? value.rawJSON : typeof value === "number" ? String(value) : value;
  const sound = typeof text === "string" && measureQuantity(text) !== undefined;
  return expectKind(text, sound, { must: "an amount such as 500m or 1Gi", at });
}

function readMap(value: unknown, at: Place, read: (one: unknown, at: Place) => unknown): unknown {
  if (!isObject(value)) return report(at, `is ${describeKind(value)}, must be an object`);
  const given = Object.entries(value).filter(([, one]) => one !== null);
  return Object.fromEntries(given.map(([key, one]) => [key, read(one, enter(at, key))]));
}

function expectKind(value: unknown, sound: boolean, { must, at }: { must: string; at: Place }): unknown {
  return sound ? value : report(at, `is ${describeKind(value)}, must be ${must}`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !isRawNumber(value);
}

const enter = ({ path, faults }: Place, key: string | number): Place => ({ path: [...path, key], faults });

function report({ path, faults }: Place, fault: string): undefined {
  const place = path.length === 0 ? "it" : describePath(path.map((key) => ({ key })));
  faults.push(`${place} ${fault}`);
}

/** Only rules quote, and these are about words that are no secrets. */
function quote(value: unknown): string {
  if (typeof value === "boolean" || typeof value === "number") return String(value);
  return typeof value === "string" ? JSON.stringify(value.slice(0, 80)) : "set";
}
