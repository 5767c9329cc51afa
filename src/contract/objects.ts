/**
 * JSON objects, more strictly than valibot has them: for it a list is an object too, and so is a number that is kept as
 * text; its records drop keys such as `constructor`.
 */
import * as v from "valibot";
import { describeFault } from "./decode.ts";
import { isJsonObject, type JsonObject } from "./json.ts";

/** A JSON object, passed on as it came. */
export const AnyObject = v.custom<JsonObject>(isJsonObject, "must be an object");

/** An object whose unknown keys are refused, with the known ones listed. */
export function knownKeys<const E extends v.ObjectEntries>(entries: E) {
  const known = Object.keys(entries).join(", ");
  const schema = v.strictObject(entries, (issue) =>
    issue.expected === "never" ? `is not known here; known: ${known}` : issue.message,
  );
  return v.pipe(v.custom<v.InferInput<typeof schema>>(isJsonObject, "must be an object"), schema);
}

/** What a map leaves in its schema for those who publish it as JSON Schema. */
export type MapOf = { readonly mapOf: { readonly keys: v.GenericSchema; readonly values: v.GenericSchema } };

/** A map whose keys and values each obey a schema; every key that came is looked at, and none is dropped. */
export function mapOf<T>(keys: v.GenericSchema<string>, values: v.GenericSchema<T>) {
  return v.pipe(
    AnyObject,
    v.metadata({ mapOf: { keys, values } } satisfies MapOf),
    v.rawTransform<JsonObject, Record<string, T>>(({ dataset, addIssue, NEVER }) => {
      let sound = true;
      for (const [key, value] of Object.entries(dataset.value)) {
        for (const result of [v.safeParse(keys, key), v.safeParse(values, value)]) {
          for (const issue of result.issues ?? []) {
            sound = false;
            const path = { type: "object", origin: "value", input: dataset.value, key, value } as const;
            addIssue({ message: describeFault(issue), path: [path, ...(issue.path ?? [])] as [v.IssuePathItem] });
          }
        }
      }
      return sound ? (dataset.value as Record<string, T>) : NEVER;
    }),
  );
}
