/** JSON Schema (draft 2020-12) from the schemas that check, so that what is published is what is enforced. */
import { toJsonSchema, type ConversionConfig, type JsonSchema } from "@valibot/to-json-schema";
import type * as v from "valibot";
import { AnyObject, type MapOf } from "../contract/objects.ts";
import { isJsonObject, type JsonObject } from "../contract/json.ts";

const config: ConversionConfig = {
  target: "draft-2020-12",
  // Of a pipe, the converter takes the last schema in this mode. Inputs come out as they went in: the first schema of
  // `knownKeys` only keeps lists out.
  typeMode: "output",
  errorMode: "ignore",
  overrideSchema: ({ valibotSchema }) => (valibotSchema === AnyObject ? { type: "object" } : undefined),
  overrideAction: ({ valibotAction }) => (isMapOf(valibotAction) ? describeMap(valibotAction.metadata) : undefined),
};

/** What comes out of a schema. Checks that JSON Schema has no word for are left out: it lets more pass, never less. */
export function toSchemaDocument(schema: v.GenericSchema): JsonObject {
  const converted: unknown = convert(schema);
  if (!isJsonObject(converted)) throw new Error("Cannot describe a schema: the converter gave no object");
  return converted;
}

function convert(schema: v.GenericSchema): JsonSchema {
  const { $schema: _, ...converted } = toJsonSchema(schema, config);
  return converted;
}

function describeMap({ mapOf: { keys, values } }: MapOf): JsonSchema {
  return { type: "object", propertyNames: convert(keys), additionalProperties: convert(values) };
}

function isMapOf(
  action: v.PipeItem<unknown, unknown, v.BaseIssue<unknown>>,
): action is v.MetadataAction<unknown, MapOf> {
  return action.type === "metadata" && "metadata" in action && Object.hasOwn(Object(action.metadata), "mapOf");
}
