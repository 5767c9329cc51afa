import { expect, test } from "vitest";
import { check } from "../decode.ts";
import {
  contractVariables,
  defaultSharedDirectory,
  exchangeDirectory,
  exchangeFiles,
  reservedVariables,
  VariableName,
} from "./variables.ts";
import { AbsoluteDirectory } from "./paths.ts";

test.for(["A", "_", "TF_VAR_mysql-instance-password", "a.b.c", "-", ".", "HOME", "PATH", "action"])(
  "%s is a variable's name",
  (name) => {
    expect(check(VariableName, name).ok).toBe(true);
  },
);

test.for(["", "1A", "A B", "A=B", "A\0", "A\n", "$A", "ä", "A/B"])("%j is not a variable's name", (name) => {
  expect(check(VariableName, name).ok).toBe(false);
});

test.for(reservedVariables)("%s can't be set by a request", (name) => {
  const problem = "the body can't be set: it is one of the container contract's own variables";
  expect(check(VariableName, name)).toEqual({ ok: false, problem });
});

test("every file of the exchange directory has a variable of the contract, and a name of its own", () => {
  for (const name of Object.keys(exchangeFiles)) expect(contractVariables).toContain(name);
  expect(new Set(Object.values(exchangeFiles)).size).toBe(Object.keys(exchangeFiles).length);
});

test("the exchange directory is not below where main works, so that no checkout can collide with it", () => {
  expect(check(AbsoluteDirectory, defaultSharedDirectory).ok).toBe(true);
  expect(check(AbsoluteDirectory, exchangeDirectory).ok).toBe(true);
  expect(`${exchangeDirectory}/`.startsWith(`${defaultSharedDirectory}/`)).toBe(false);
});
