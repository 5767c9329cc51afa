import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { containerDriver } from "../catalog/container/container.ts";
import { createCatalog } from "../catalog/driver.ts";
import { realRequests } from "../contract/container/requests.fixture.ts";
import { isJsonObject, parseJson, stringifyJson, type JsonObject, type JsonValue } from "../contract/json.ts";
import { buildOpenApi } from "./openapi.ts";

const document = buildOpenApi(createCatalog([containerDriver]), "1.2.3");

/** The value at a path of keys. */
function at(...keys: string[]): JsonValue {
  return keys.reduce<JsonValue>((value, key) => (isJsonObject(value) ? (value[key] ?? null) : null), document);
}

function findRefs(value: JsonValue): string[] {
  if (Array.isArray(value)) return value.flatMap(findRefs);
  if (!isJsonObject(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === "$ref" && typeof inner === "string" ? [inner] : findRefs(inner),
  );
}

const methods = ["get", "put", "delete", "post"] as const;
const operations = Object.entries(at("paths") as JsonObject).flatMap(([path, item]) =>
  methods.flatMap((method) => {
    const operation = isJsonObject(item) ? item[method] : undefined;
    return isJsonObject(operation) ? [{ name: `${method} ${path}`, path, item: item as JsonObject, operation }] : [];
  }),
);

describe("the OpenAPI document", () => {
  test("is OpenAPI 3.1 of this version, and plain JSON", () => {
    expect(document).toMatchObject({ openapi: "3.1.0", info: { version: "1.2.3" } });
    const written = parseJson(stringifyJson(document));
    expect(written).toEqual({ ok: true, value: document });
  });

  test("points only to what is there", () => {
    const refs = findRefs(document);
    expect(refs.length).toBeGreaterThan(10);
    for (const ref of refs) expect(at(...ref.replace("#/", "").split("/"))).not.toBeNull();
  });

  test.for(operations)("describes every parameter, answer and purpose of $name", ({ path, item, operation }) => {
    const parameters = (item["parameters"] ?? []) as JsonObject[];
    const named = parameters.filter((parameter) => parameter["in"] === "path").map(({ name }) => `{${name as string}}`);
    expect(named).toEqual(path.match(/\{\w+\}/g) ?? []);
    expect(operation["summary"]).toEqual(expect.any(String));
    for (const [status, response] of Object.entries(operation["responses"] as JsonObject)) {
      expect(status).toMatch(/^[1-5]\d\d$/);
      expect(response).toMatchObject({ description: expect.any(String) });
    }
  });

  const both = ["202", "400", "401", "403", "404", "413", "500", "503"];
  test.for([
    ["put", ["200", "409", ...both]],
    ["delete", ["204", "409", ...both]],
    ["get", ["200", ...both]],
  ] as const)("has every status that the front door answers a %s with", ([method, statuses]) => {
    const responses = at("paths", "/drivers/{driver}/{guresid}", method, "responses") as JsonObject;
    expect(Object.keys(responses).sort()).toEqual([...statuses].sort());
  });

  const components = Object.keys(at("components", "schemas") as JsonObject);
  const ajv = new Ajv2020({ strict: true, strictRequired: false, strictTypes: false, formats: { "date-time": true } });
  const compile = (name: string) => ajv.compile(at("components", "schemas", name) as JsonObject);

  test.for(components)("has a sound JSON Schema of %s", (name) => {
    expect(() => compile(name)).not.toThrow();
  });

  test.for(Object.entries(realRequests))("takes real requests: %s", ([, request]) => {
    const validate = compile("InputData");
    validate(request);
    expect(validate.errors).toBeNull();
  });

  test("knows outputs by what is sent", () => {
    const validate = compile("OutputData");
    const output = { id: "abc", type: "s3", resource: { values: {}, secrets: {} } };
    expect(validate({ ...output, manifests: [{ location: "volumes", data: { a: 1 } }] })).toBe(true);
    expect(validate({ ...output, manifests: [{ location: "volumes" }] })).toBe(false);
    expect(validate({ ...output, resource: { values: [] }, manifests: [] })).toBe(false);
  });
});
