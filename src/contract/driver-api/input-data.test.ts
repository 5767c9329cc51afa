import { describe, expect, test } from "vitest";
import { check } from "../decode.ts";
import { InputData } from "./input-data.ts";

describe("a request", () => {
  test.for<unknown>([
    { type: "s3", resource: {} },
    { type: "my-org/s3", resource: { a: { b: [1] } }, driver: { values: { x: 1 }, secrets: { y: 2 } } },
    { type: "s3", resource: {}, driver: null },
    { type: "s3", resource: {}, driver: {} },
    { type: "s3", resource: {}, driver: { values: null, secrets: null } },
    { type: "s3", resource: { constructor: 1, toString: null }, driver: { values: { valueOf: {} } } },
  ])("may be %j", (data) => {
    expect(check(InputData, data)).toEqual({ ok: true, value: data });
  });

  test.for([
    [null, "the body is null, must be an object"],
    [[], "the body is a list, must be an object"],
    ["x", "the body is a string, must be an object"],
    [{}, "type is missing; resource is missing"],
    [{ type: "s3" }, "resource is missing"],
    [{ type: "s3", resource: null }, "resource is null, must be an object"],
    [{ type: "s3", resource: [] }, "resource is a list, must be an object"],
    [{ type: 3, resource: {} }, "type is a number, must be a string"],
    [{ type: null, resource: {} }, "type is null, must be a string"],
    [{ type: { type: "s3" }, resource: {} }, "type is an object, must be a string"],
    [{ type: "s3", resource: {}, id: "x" }, "id is not known here; known: type, resource, driver"],
    [{ type: "s3", resource: {}, constructor: 1 }, "constructor is not known here; known: type, resource, driver"],
    [{ type: "s3", resource: {}, driver: [] }, "driver is a list, must be an object"],
    [{ type: "s3", resource: {}, driver: "x" }, "driver is a string, must be an object"],
    [{ type: "s3", resource: {}, driver: { values: [] } }, "driver.values is a list, must be an object"],
    [{ type: "s3", resource: {}, driver: { secrets: "canary" } }, "driver.secrets is a string, must be an object"],
    [{ type: "s3", resource: {}, driver: { value: {} } }, "driver.value is not known here; known: values, secrets"],
  ] as const)("may not be %j: %s", ([data, problem]) => {
    expect(check(InputData, data)).toEqual({ ok: false, problem });
  });
});
