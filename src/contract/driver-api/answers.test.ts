import { expect, test } from "vitest";
import { check } from "../decode.ts";
import { errorCodes } from "../errors.ts";
import { noOutputs } from "../outputs.ts";
import { AsyncProgressHint, buildOutputData, DriverError, OutputData } from "./answers.ts";

test("outputs are answered under the resource's id and type, manifests as data", () => {
  const manifests = [{ location: "volumes" as const, data: { a: 1 } }];
  const built = buildOutputData("abc", "my-org/s3", { values: { v: 1 }, secrets: { s: 2 }, manifests });
  expect(built).toEqual({ id: "abc", type: "my-org/s3", resource: { values: { v: 1 }, secrets: { s: 2 } }, manifests });
  expect(check(OutputData, built)).toEqual({ ok: true, value: built });
  expect(buildOutputData("abc", "s3", noOutputs).resource).toEqual({ values: {}, secrets: {} });
});

test("every key of a progress hint is optional", () => {
  expect(check(AsyncProgressHint, {}).ok).toBe(true);
  expect(check(AsyncProgressHint, { status: "running" }).ok).toBe(false);
});

test("an error has a code of the table", () => {
  for (const error of Object.keys(errorCodes)) expect(check(DriverError, { error, message: "" }).ok).toBe(true);
  expect(check(DriverError, { error: "RES-999", message: "" }).ok).toBe(false);
});
