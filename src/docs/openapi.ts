/** The OpenAPI document of the front door, made from the schemas that check requests and answers. */
import type { Catalog } from "../catalog/driver.ts";
import { AsyncProgressHint, DriverError, OutputData } from "../contract/driver-api/answers.ts";
import { cookieHeader, runHeader } from "../contract/driver-api/headers.ts";
import { InputData } from "../contract/driver-api/input-data.ts";
import { errorCodes } from "../contract/errors.ts";
import type { JsonObject, JsonValue } from "../contract/json.ts";
import { limits } from "../contract/limits.ts";
import { GUResID } from "../contract/names.ts";
import { toSchemaDocument } from "./json-schema.ts";
import { describeRunsPaths, describeRunsSchemas } from "./runs-api.ts";

export function buildOpenApi(catalog: Catalog, version: string): JsonObject {
  return {
    openapi: "3.1.0",
    info: {
      title: "Container Driver",
      version,
      description: "Provisions resources by running containers as jobs. PUT is repeated until it answers 200.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    security: [{ bearer: [] }, {}],
    paths: {
      "/drivers/{driver}/{guresid}": {
        parameters: [
          pathParameter("driver", { enum: [...catalog.keys()] }),
          pathParameter("guresid", toSchemaDocument(GUResID)),
        ],
        put: describePut(),
        delete: describeDelete(),
        get: describeGet(),
      },
      ...describeRunsPaths(),
      "/docs/drivers/{driver}/inputs.json": {
        parameters: [pathParameter("driver", { enum: [...catalog.keys()] })],
        get: {
          summary: "JSON Schema of a driver's values and secrets",
          security: [],
          responses: { 200: { description: "JSON Schema" } },
        },
      },
      "/alive": {
        get: {
          summary: "Whether the process answers",
          security: [],
          responses: { 200: { description: "alive", content: { "text/plain": {} } } },
        },
      },
      "/health": {
        get: {
          summary: "Status and version",
          security: [],
          responses: { 200: { description: "healthy", content: { "application/json": {} } } },
        },
      },
      "/docs/spec.json": {
        get: { summary: "This document", security: [], responses: { 200: { description: "OpenAPI 3.1" } } },
      },
    },
    components: {
      securitySchemes: { bearer: { type: "http", scheme: "bearer" } },
      schemas: describeSchemas(catalog),
    },
  };
}

function describeSchemas(catalog: Catalog): JsonObject {
  const inputs = Object.fromEntries(
    [...catalog.values()].map(({ name, inputsSchema }) => [`${name}-inputs`, inputsSchema]),
  );

  const codes = Object.entries(errorCodes).map(([code, { name, status }]) => `${code} ${name} (${status})`);
  return {
    InputData: toSchemaDocument(InputData),
    OutputData: toSchemaDocument(OutputData),
    AsyncProgressHint: toSchemaDocument(AsyncProgressHint),
    Error: { ...toSchemaDocument(DriverError), description: codes.join(", ") },
    ...describeRunsSchemas(),
    ...inputs,
  };
}

function describePut(): JsonObject {
  return {
    summary: "Create or update a resource",
    description:
      "Repeat the same request until it answers 200. A failure is answered once with 400; the next request starts a new run.",
    parameters: [
      header("Prefer", `wait=N holds the answer for up to N seconds (at most ${limits.waitSeconds}), RFC 7240`),
      cookie,
    ],
    requestBody: { required: true, content: json("InputData") },
    responses: {
      200: answer("OutputData", "Provisioned, or already in the desired state"),
      202: retryLater("AsyncProgressHint", "In progress: repeat the same request"),
      ...failures,
      409: retryLater("AsyncProgressHint", "A run for another request is under way"),
    },
  };
}

function describeDelete(): JsonObject {
  return {
    summary: "Destroy a resource",
    description: "Repeat until it answers 204. Uses the inputs of the last accepted PUT.",
    parameters: [header("Prefer", "As for PUT"), cookie],
    responses: {
      204: { description: "Gone, or never was" },
      202: retryLater("AsyncProgressHint", "In progress: repeat the same request"),
      ...failures,
      409: retryLater("AsyncProgressHint", "A create is under way"),
    },
  };
}

function describeGet(): JsonObject {
  return {
    summary: "Report on a resource; changes nothing",
    responses: {
      200: answer("OutputData", "Provisioned"),
      202: retryLater("AsyncProgressHint", "In progress"),
      ...failures,
      404: answer("Error", "No such resource, or no such driver"),
    },
  };
}

const run: JsonObject = { schema: { type: "string" }, description: "The run that this is about" };

const failures: JsonObject = {
  400: answer("Error", "The request is invalid, or the run failed"),
  401: answer("Error", "No valid bearer token"),
  403: answer("Error", "The token is not for this driver, this cluster, or driving at all"),
  404: answer("Error", "No such driver"),
  413: answer("Error", `The body is over ${limits.requestBodyBytes} bytes`),
  500: answer("Error", "Our mistake; our log has it under the header X-Request-Id"),
  503: retryLater("Error", "The broker, or the keys that tokens are checked with, can't be reached: try again"),
};

const cookie = header(cookieHeader, `Kept by the orchestrator; under ${limits.cookieBytes} bytes; none is ever set`);

function answer(schema: string, description: string): JsonObject {
  return { description, headers: { [runHeader]: run }, content: json(schema) };
}

function retryLater(schema: string, description: string): JsonObject {
  const after = { schema: { type: "integer" }, description: "Seconds to wait before the request is repeated" };
  return { ...answer(schema, description), headers: { "Retry-After": after, [runHeader]: run } };
}

function json(schema: string): JsonObject {
  return { "application/json": { schema: { $ref: `#/components/schemas/${schema}` } } };
}

function header(name: string, description: string): JsonObject {
  return { name, in: "header", description, schema: { type: "string" } };
}

function pathParameter(name: string, schema: JsonValue): JsonObject {
  return { name, in: "path", required: true, schema };
}
