import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  describeKind,
  isJsonObject,
  isRawNumber,
  parseJson,
  parseJsonObject,
  stringifyCanonical,
  stringifyJson,
  type JsonValue,
} from "./json.ts";
import { limits } from "./limits.ts";

/** Reads JSON that has to be good. */
function read(text: string): JsonValue {
  const parsed = parseJson(text);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.value;
}

/** What is wrong with JSON that has to be bad. */
function refuse(text: string): string {
  const parsed = parseJson(text);
  if (parsed.ok) throw new Error(`${text.slice(0, 80)} was taken`);
  return parsed.problem;
}

const nest = (levels: number) => "[".repeat(levels) + "]".repeat(levels);

describe("reading and writing", () => {
  const numbers = [
    "9007199254740993",
    "123456789012345678901234567890",
    "1.0",
    "-0",
    "-0.0",
    "1e400",
    "-1e-400",
    "1E5",
    "0.1000",
    "3.141592653589793238462643383279",
  ];
  test.for(numbers)("the number %s keeps every digit", (number) => {
    expect(stringifyJson(read(number))).toBe(number);
    expect(stringifyJson(read(`{"a":[${number},{"b":${number}}]}`))).toBe(`{"a":[${number},{"b":${number}}]}`);
  });

  test.for(["0", "1", "-7", "0.5", "9007199254740991", "1e+21"])("the number %s is a JavaScript number", (number) => {
    expect(read(number)).toBe(Number(number));
  });

  test("every other value comes out as it went in", () => {
    const text = '{"":null,"ü€😀":[true,false,{},[]],"constructor":{"prototype":"x"},"toString":1,"a\\nb":"\\u0000"}';
    expect(stringifyJson(read(text))).toBe(text);
  });

  test("half a surrogate pair stays what it is, escaped", () => {
    expect(stringifyJson(read('["\\ud83d","\\ude00"]'))).toBe('["\\ud83d","\\ude00"]');
  });

  test("of a key that comes twice the last one counts, with its digits", () => {
    expect(stringifyJson(read('{"a":{"b":1.0},"a":2.0}'))).toBe('{"a":2.0}');
  });

  test("any JSON survives being read and written", () => {
    const property = fc.property(fc.json({ maxDepth: 8 }), (text) => {
      const once = parseJson(text);
      // fast-check likes the key "__proto__".
      fc.pre(once.ok);
      expect(stringifyJson(once.value)).toBe(text);
    });
    fc.assert(property, { numRuns: 300 });
  });
});

describe("refusing", () => {
  test.for([
    ["", "not JSON: it is empty"],
    [" \n", "not JSON: it is empty"],
    ["{", "not JSON: it ends in the middle of a value"],
    ['{"a":1,', "not JSON: it ends in the middle of a value"],
    ["[1.", "not JSON: it ends in the middle of a value"],
    ['{"a":"b', "not JSON: it ends in the middle of a value"],
    ['{"a":1 "b"}', "not JSON: unexpected character at position 7"],
    ["{} {}", "not JSON: unexpected character at position 3"],
    ["nope", "not JSON: it can't be read"],
    ["NaN", "not JSON: it can't be read"],
    ["[1,]", "not JSON: it can't be read"],
    ["{'a':1}", "not JSON: unexpected character at position 1"],
    ["\uFEFF{}", "not JSON: it begins with a byte order mark"],
    ['{"a":{"__proto__":{}}}', 'it has the key "__proto__", which is not allowed'],
    ['[{"\\u005f_proto__":1}]', 'it has the key "__proto__", which is not allowed'],
    ['{"__\\u0070roto__":1}', 'it has the key "__proto__", which is not allowed'],
  ] as const)("%j is refused: %s", ([text, problem]) => {
    expect(refuse(text)).toBe(problem);
  });

  test.for([
    "canary-4711",
    '"canary-4711',
    '{"a": canary-4711}',
    '["canary-4711" "canary-4711"]',
    '{"canary-4711\n":1}',
    '{"a":"canary-4711\\x"}',
  ])("what %j holds is not told", (text) => {
    expect(refuse(text)).not.toContain("canary");
  });

  test("nothing pollutes a prototype on the way", () => {
    refuse('{"__proto__":{"polluted":true}}');
    read('{"constructor":{"prototype":{"polluted":true}}}');
    expect({}).not.toHaveProperty("polluted");
  });

  test("nesting has a limit, told with the actual depth", () => {
    expect(parseJson(nest(limits.jsonDepth)).ok).toBe(true);
    expect(refuse(nest(limits.jsonDepth + 1))).toBe("nested too deep: it is 101 levels, the limit is 100 levels");
    expect(refuse('{"a":'.repeat(100_000))).toContain("is 100000 levels");
  });

  test("brackets within strings don't count as nesting", () => {
    const text = JSON.stringify(["[{".repeat(1000), '\\"[', '"'.repeat(9)]);
    expect(stringifyJson(read(text))).toBe(text);
  });

  test("a million brackets are refused without being parsed", () => {
    expect(refuse(nest(1_000_000))).toContain("1000000 levels");
    expect(refuse("]".repeat(1_000_000))).toContain("not JSON");
  });
});

test("an object is asked for where one must be", () => {
  expect(parseJsonObject('{"a":1}')).toEqual({ ok: true, value: { a: 1 } });
  expect(parseJsonObject("[1]")).toEqual({ ok: false, problem: "not an object but a list" });
  expect(parseJsonObject("null")).toEqual({ ok: false, problem: "not an object but null" });
  expect(parseJsonObject("1.0")).toMatchObject({ ok: false, problem: expect.stringContaining("a number") });
  expect(parseJsonObject("{")).toMatchObject({ ok: false });
});

describe("canonical form", () => {
  test("sorts the keys at every level, by UTF-16 code units as RFC 8785 has it", () => {
    const text =
      '{"b":1,"a":{"\\u20ac":1,"\\r":2,"\\ufb33":3,"1":4,"\\ud83d\\ude00":5,"\\u0080":6},"":[{"d":0,"c":0}]}';
    const sorted = '{"":[{"c":0,"d":0}],"a":{"\\r":2,"1":4,"\u0080":6,"\u20ac":1,"\ud83d\ude00":5,"\ufb33":3},"b":1}';
    expect(stringifyCanonical(read(text))).toBe(sorted);
  });

  test("is the same whatever order keys and white space came in, and keeps digits", () => {
    const one = stringifyCanonical(read('{"a":[1.0, {"x":null,"y":true}],"b":9007199254740993}'));
    expect(one).toBe(stringifyCanonical(read('{"b" : 9007199254740993,\n"a":[1.0,{"y":true,"x":null}]}')));
    expect(one).toContain("9007199254740993");
  });

  test("tells apart what differs", () => {
    const texts = ["{}", "[]", "null", '""', "0", "false", '{"a":null}', "[[]]", '[""]', "1", "1.0", '"1"', "-0"];
    expect(new Set(texts.map((text) => stringifyCanonical(read(text)))).size).toBe(texts.length);
  });

  test("is JSON that means the same", () => {
    const property = fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
      expect(JSON.parse(stringifyCanonical(value as JsonValue))).toEqual(JSON.parse(JSON.stringify(value)));
    });
    fc.assert(property, { numRuns: 300 });
  });
});

test("a number that is kept as text is neither an object nor a JavaScript number", () => {
  const number = read("1.0");
  expect(isRawNumber(number)).toBe(true);
  expect(isJsonObject(number)).toBe(false);
  expect(isRawNumber(1)).toBe(false);
  expect(isRawNumber({ rawJSON: "1.0" })).toBe(false);
});

test("kinds of values have names for people", () => {
  const values = [null, undefined, [], 1, {}, "x", true, read("1e400")];
  expect(values.map(describeKind)).toEqual([
    "null",
    "nothing",
    "a list",
    "a number",
    "an object",
    "a string",
    "a boolean",
    "a number such as 1.0, 1e3 or one beyond 2^53",
  ]);
});
