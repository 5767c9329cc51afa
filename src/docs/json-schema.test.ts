import { Ajv2020 } from "ajv/dist/2020.js";
import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { inputsSchema } from "../catalog/container/inputs-schema.ts";
import { check } from "../contract/decode.ts";
import { ContainerRequest } from "../contract/container/inputs.ts";
import { realRequests } from "../contract/container/requests.fixture.ts";
import { AnyObject, mapOf } from "../contract/objects.ts";
import { toSchemaDocument } from "./json-schema.ts";

/** Strict: a keyword that the standard doesn't know is an error, as are formats and types that contradict. */
const ajv = new Ajv2020({ strict: true, strictRequired: false, strictTypes: false, allErrors: true });
const validate = ajv.compile(inputsSchema);

/** Every pattern in a JSON Schema. */
function findPatterns(schema: unknown): string[] {
  if (typeof schema !== "object" || schema === null) return [];
  return Object.entries(schema).flatMap(([key, value]) =>
    key === "pattern" && typeof value === "string" ? [value] : findPatterns(value),
  );
}

describe("the JSON Schema of the container's inputs", () => {
  test("is JSON Schema of the draft that OpenAPI 3.1 uses", () => {
    expect(ajv.validateSchema(inputsSchema)).toBe(true);
  });

  test.for(Object.entries(realRequests))("takes what definitions make: %s", ([, { driver }]) => {
    validate(driver);
    expect(validate.errors).toBeNull();
  });

  const job = { image: "i" };
  const wrong: [values: unknown, secrets?: unknown][] = [
    [undefined],
    [{}],
    [{ job: {} }],
    [{ job: { image: "" } }],
    [{ job: { image: 5 } }],
    [{ job: { image: "i", imgae: "x" } }],
    [{ job: { image: "i", command: "sh" } }],
    [{ job: { image: "i", args: [1] } }],
    [{ job: { image: "i", variables: { A: 1 } } }],
    [{ job: { image: "i", variables: { "A B": "x" } } }],
    [{ job: { image: "i", variables: { ACTION: "x" } } }],
    [{ job: { image: "i", shared_directory: "w" } }],
    [{ job: { image: "i", namespace: "A" } }],
    [{ job: { image: "i", pod_template: [] } }],
    [{ job, cluster: 5 }],
    [{ job, files: { a: 1 } }],
    [{ job, files: { "/a": "" } }],
    [{ job, files: { "a//b": "" } }],
    [{ job, files: { "a\\b": "" } }],
    [{ job, credentials_config: [] }],
    [{ job, credentials_config: { environment: { A: "" } } }],
    [{ job, credentials_config: { script_variables: {} } }],
    [{ job, source: {} }],
    [{ job, source: { url: "https://git.example/r", branch: "b" } }],
    [{ job, append_logs_to_error: "yes" }],
    [{ job, timeout: 0 }],
    [{ job, timeout: 1.5 }],
    [{ job, timeout: 86_401 }],
    [{ job, unknown: 1 }],
    [{ job }, { account: "x" }],
    [{ job }, { job: { image: "x" } }],
    [{ job }, { source: { password: "a\nb" } }],
    [{ job }, { unknown: 1 }],
  ];
  test.for(wrong)("refuses %j with secrets %j, as the front door does", ([values, secrets = {}]) => {
    expect(validate({ values, secrets })).toBe(false);
    expect(check(ContainerRequest, { driver: { values, secrets } }).ok).toBe(false);
  });

  test("has no pattern that readers in other languages don't know", () => {
    const patterns = findPatterns(inputsSchema);
    expect(patterns.length).toBeGreaterThan(5);
    for (const pattern of patterns) expect(pattern).not.toMatch(/\(\?|\\0|\[\^\]|\\u|\\[1-9]/);
  });
});

test("a map has its keys' and values' schemas, and an object is one", () => {
  const schema = v.object({ map: mapOf(v.pipe(v.string(), v.regex(/^a/)), v.number()), any: v.optional(AnyObject) });
  expect(toSchemaDocument(schema)).toEqual({
    type: "object",
    properties: {
      map: {
        type: "object",
        propertyNames: { type: "string", pattern: "^a" },
        additionalProperties: { type: "number" },
      },
      any: { type: "object" },
    },
    required: ["map"],
  });
});
