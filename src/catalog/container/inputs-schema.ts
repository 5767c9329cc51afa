/** JSON Schema of the container driver's inputs, made from the schemas that check them. */
import * as v from "valibot";
import { ContainerSecrets, ContainerValues } from "../../contract/container/inputs.ts";
import { toSchemaDocument } from "../../docs/json-schema.ts";

export const inputsSchema = toSchemaDocument(
  v.object({ values: ContainerValues, secrets: v.optional(ContainerSecrets) }),
);
