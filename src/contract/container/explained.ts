import * as v from "valibot";

/** A field that may be left out, and what the JSON Schema that we publish says of it. */
export function explained<const S extends v.GenericSchema>(schema: S, text: string) {
  return v.optional(v.pipe(schema, v.description(text)));
}
