import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { check } from "./decode.ts";
import { parseJson } from "./json.ts";
import { AnyObject, knownKeys, mapOf } from "./objects.ts";

const number = parseJson("1.0");
const rawNumber = number.ok ? number.value : undefined;

function problemOf(schema: v.GenericSchema, value: unknown): string {
  const checked = check(schema, value);
  return checked.ok ? "taken" : checked.problem;
}

describe("an object with known keys", () => {
  const schema = knownKeys({ a: v.optional(v.string()), b: v.optional(v.number()) });

  test("has some of them and no others", () => {
    expect(check(schema, { a: "x" })).toEqual({ ok: true, value: { a: "x" } });
    expect(problemOf(schema, { a: "x", c: 1 })).toBe("c is not known here; known: a, b");
  });

  test.for(["constructor", "toString", "__proto__", "hasOwnProperty"])("doesn't take %s for a known one", (key) => {
    const value: unknown = JSON.parse(`{"${key}":1}`);
    expect(problemOf(schema, value)).toBe(`${key} is not known here; known: a, b`);
  });

  test("is neither a list nor a number that is kept as text, though both are objects in JavaScript", () => {
    expect(problemOf(schema, [])).toBe("the body is a list, must be an object");
    expect(problemOf(schema, rawNumber)).toMatch(/^the body is a number .*, must be an object$/);
    expect(problemOf(AnyObject, rawNumber)).toMatch(/^the body is a number .*, must be an object$/);
  });
});

describe("a map", () => {
  const schema = mapOf(v.pipe(v.string(), v.regex(/^[a-z]+$/i, "must be letters")), v.number());

  test("comes out as it went in, whatever its keys are called", () => {
    const value: unknown = JSON.parse('{"b":1,"a":2,"constructor":3,"toString":4}');
    expect(check(schema, value)).toEqual({ ok: true, value });
  });

  test("has every key and every value looked at", () => {
    const value: unknown = JSON.parse('{"a":"x","__proto__":1,"1":2,"c":null}');
    expect(problemOf(schema, value).split("; ").sort()).toEqual(
      [
        "__proto__ must be letters",
        "a is a string, must be a number",
        "c is null, must be a number",
        '["1"] must be letters',
      ].sort(),
    );
  });

  test("names the path within a value, too", () => {
    expect(problemOf(v.object({ m: mapOf(v.string(), v.object({ n: v.number() })) }), { m: { k: { n: "" } } })).toBe(
      "m.k.n is a string, must be a number",
    );
  });
});
