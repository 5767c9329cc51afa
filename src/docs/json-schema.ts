/** JSON Schema from the schemas that check, so that what is published is what is enforced. */
import { toJsonSchema } from "@valibot/to-json-schema";
import * as v from "valibot";
import { AnyObject } from "../contract/container/inputs.ts";
import { isJsonObject, type JsonObject } from "../contract/json.ts";

/** What a caller sends (`input`) or gets (`output`) under a schema. Checks that JSON Schema has no word for are left out. */
export function toSchemaDocument(schema: v.GenericSchema, typeMode: "input" | "output"): JsonObject {
  const converted: unknown = toJsonSchema(schema, {
    typeMode,
    errorMode: "ignore",
    overrideSchema: ({ valibotSchema, jsonSchema }) => {
      if (valibotSchema !== AnyObject) return undefined;
      return { ...jsonSchema, type: "object" };
    },
  });
  if (!isJsonObject(converted)) throw new Error("Cannot describe a schema: the converter gave no object");
  const { $schema: _, ...document } = converted;
  return document;
}
