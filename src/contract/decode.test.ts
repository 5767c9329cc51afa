import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { check, decodeMessage, decodeUtf8, describePath, encodeMessage } from "./decode.ts";
import { limits } from "./limits.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

function problemOf(schema: v.GenericSchema, value: unknown): string {
  const checked = check(schema, value);
  return checked.ok ? "taken" : checked.problem;
}

describe("a message", () => {
  const Message = v.object({ v: v.literal(1), name: v.string() });

  test("comes out of its bytes as it went in", () => {
    expect(decodeMessage(Message, encodeMessage({ v: 1, name: "ü😀" }))).toEqual({
      ok: true,
      value: { v: 1, name: "ü😀" },
    });
  });

  test("may have keys that the reader doesn't know yet", () => {
    const newer = bytes('{"v":1,"name":"a","priority":{"level":3}}');
    expect(decodeMessage(Message, newer)).toEqual({ ok: true, value: { v: 1, name: "a" } });
  });

  test("of another version is refused", () => {
    const other = decodeMessage(Message, bytes('{"v":2,"name":"a"}'));
    expect(other).toEqual({ ok: false, problem: "v is a number, must be 1" });
  });

  test.for([
    [bytes(""), "not JSON: it is empty"],
    [new Uint8Array([0x22, 0xff, 0x22]), "not UTF-8"],
    [new Uint8Array([0x22, 0xed, 0xa0, 0x80, 0x22]), "not UTF-8"],
    [bytes("\uFEFF{}"), "not JSON: it begins with a byte order mark"],
    [bytes("[]"), "v is missing; name is missing"],
    [bytes("1"), "the body is a number, must be an object"],
  ] as const)("of %j is refused: %s", ([data, problem]) => {
    expect(decodeMessage(Message, data)).toEqual({ ok: false, problem });
  });

  test("may wrap what is nested as deep as we take, and no deeper", () => {
    const nested = (levels: number) => bytes(`${'{"a":'.repeat(levels)}0${"}".repeat(levels)}`);
    const deepest = limits.jsonDepth + limits.envelopeDepth;
    expect(decodeMessage(v.unknown(), nested(deepest)).ok).toBe(true);
    expect(decodeMessage(v.unknown(), nested(deepest + 1)).ok).toBe(false);
  });
});

test("UTF-8 is read whole, a byte order mark included", () => {
  expect(decodeUtf8(bytes("\uFEFFa"))).toEqual({ ok: true, value: "\uFEFFa" });
  expect(decodeUtf8(new Uint8Array([0xc3]))).toEqual({ ok: false, problem: "not UTF-8" });
});

describe("a problem", () => {
  test.for([
    [v.string(), 1, "the body is a number, must be a string"],
    [v.string(), undefined, "the body is missing"],
    [v.object({ a: v.string() }), {}, "a is missing"],
    [v.object({ a: v.string() }), { a: undefined }, "a is missing"],
    [v.object({ a: v.array(v.boolean()) }), { a: [true, "yes"] }, "a[1] is a string, must be true or false"],
    [v.object({ a: v.array(v.string()) }), { a: "b" }, "a is a string, must be a list"],
    [v.object({ a: v.number() }), { a: null }, "a is null, must be a number"],
    [v.object({ a: v.string("must be a name") }), { a: {} }, "a is an object, must be a name"],
    [v.picklist(["x", "y"], "must be x or y"), "z", "the body must be x or y"],
    [v.picklist(["x", "y"]), "z", 'the body must be one of "x", "y"'],
    [v.picklist(["x", "y"]), 1, 'the body is a number, must be one of "x", "y"'],
    [v.literal(1), 2, "the body is a number, must be 1"],
    [v.union([v.string(), v.number()], "must be text or a number"), [], "the body is a list, must be text or a number"],
    [v.custom(() => false, "must be better"), "x", "the body is a string, must be better"],
    [v.pipe(v.string(), v.regex(/^a/, "must begin with a")), "b", "the body must begin with a"],
    [v.pipe(v.string(), v.regex(/^a/)), "canary", "the body is not a valid regex"],
    [v.pipe(v.string(), v.isoTimestamp()), "canary", "the body is not a valid iso_timestamp"],
  ] as const)("of %o with %j reads: %s", ([schema, value, problem]) => {
    expect(problemOf(schema, value)).toBe(problem);
  });

  test("is told once, and only the first five are told in full", () => {
    const list = v.array(v.string());
    expect(problemOf(list, [1, 2, 3, 4, 5]).split("; ")).toHaveLength(5);
    expect(problemOf(list, [1, 2, 3, 4, 5, 6, 7])).toMatch(/; \[4\] is a number, must be a string; and 2 more$/);
    const twice = v.pipe(v.string(), v.regex(/a/, "must be better"), v.regex(/b/, "must be better"));
    expect(problemOf(twice, "")).toBe("the body must be better");
  });

  test("never holds a value, whatever the schema is and whatever fails", () => {
    const canary = "canary-4711";
    const schemas = [
      v.literal("x"),
      v.picklist(["x"]),
      v.number(),
      v.strictObject({}),
      v.variant("kind", [v.object({ kind: v.literal("x") })]),
      v.pipe(v.string(), v.email()),
      v.pipe(v.string(), v.isoTimestamp()),
      v.pipe(v.string(), v.regex(/^x/)),
      v.pipe(v.string(), v.maxLength(1)),
      v.pipe(v.string(), v.startsWith("x")),
    ];
    for (const schema of schemas)
      for (const value of [canary, [canary], { kind: canary }, { a: canary }])
        expect(problemOf(schema, value)).not.toContain(canary);
  });
});

test.for([
  [[], "the body"],
  [["a"], "a"],
  [["driver", "values", "job"], "driver.values.job"],
  [["args", 2], "args[2]"],
  [["files", "a/b.tf"], 'files["a/b.tf"]'],
  [["files", 'a"b'], 'files["a\\"b"]'],
  [["variables", "TF_VAR_a-b"], "variables.TF_VAR_a-b"],
  [["variables", ""], 'variables[""]'],
  [["variables", "0"], 'variables["0"]'],
  [[0, "a"], "[0].a"],
  [["x".repeat(100)], "x".repeat(100)],
  [["/".repeat(100)], `["${"/".repeat(80)}…"]`],
] as const)("the path %j reads %s", ([keys, text]) => {
  expect(describePath(keys.map((key) => ({ key })))).toBe(text);
});
