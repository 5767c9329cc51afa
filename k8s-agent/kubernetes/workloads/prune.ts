/** Keeps of an object what its shape names; the rest, most of it, is not kept in memory. */
import { isJsonObject, type JsonObject, type JsonValue } from "../../../src/contract/json.ts";

/** `true`: all of it; an object: these members of it; a list of one: each of its items. */
export type Shape = true | readonly [Shape] | { readonly [member: string]: Shape };

/** What has another form than its shape is left out. */
export function prune(value: JsonValue, shape: Shape): JsonValue | undefined {
  if (shape === true) return value;
  if (isListShape(shape)) {
    if (!Array.isArray(value)) return undefined;
    return value.flatMap((item) => prune(item, shape[0]) ?? []);
  }
  return isJsonObject(value) ? pruneObject(value, shape) : undefined;
}

function pruneObject(value: JsonObject, shape: { readonly [member: string]: Shape }): JsonObject {
  const kept: JsonObject = {};
  for (const [name, inner] of Object.entries(shape)) {
    const member = value[name];
    const pruned = member === undefined ? undefined : prune(member, inner);
    if (pruned !== undefined) kept[name] = pruned;
  }
  return kept;
}

function isListShape(shape: Exclude<Shape, true>): shape is readonly [Shape] {
  return Array.isArray(shape);
}
