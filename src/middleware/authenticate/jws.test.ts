import fc from "fast-check";
import { base64url } from "jose";
import { describe, expect, test } from "vitest";
import { parseJson, type JsonValue } from "../../contract/json.ts";
import { parseBearer } from "./bearer.ts";
import { hasDuplicateNames, parseJws } from "./jws.ts";

describe("names that come twice", () => {
  const find = (text: string) => {
    const parsed = parseJson(text);
    return parsed.ok ? hasDuplicateNames(text, parsed.value) : parsed.problem;
  };

  test.each([
    ['{"a":1,"a":1}', true],
    ['{"a":{"b":1,"b":2}}', true],
    ['[[{"b":1,"\\u0062":2}]]', true],
    ['{"a":{"a":{"a":1}}}', false],
    ['{"a:b":"c:d","\\"":":","\\\\":1}', false],
    ['{"":1,"":2}', true],
    ["{}", false],
    ['":"', false],
    ['{"a":1.0,"b":1e999}', false],
  ])("in %s: %s", (text, expected) => {
    expect(find(text)).toBe(expected);
  });

  test("are found in any object, and never where there are none", () => {
    const key = fc.string().filter((name) => name !== "__proto__");
    fc.assert(
      fc.property(
        fc.dictionary(key, fc.jsonValue({ depthSize: "small" }), { minKeys: 1, noNullPrototype: true }),
        (object) => {
          const text = JSON.stringify(object);
          fc.pre(!text.includes('"__proto__"'));
          const [first = ""] = Object.keys(object);
          const doubled = `${text.slice(0, -1)},${JSON.stringify(first)}:1}`;
          expect(hasDuplicateNames(text, object as JsonValue)).toBe(false);
          expect(find(doubled)).toBe(true);
        },
      ),
    );
  });
});

describe("taking a token apart", () => {
  test("never throws, whatever it is", () => {
    const part = fc.oneof(
      fc.base64String(),
      fc.string(),
      fc.json().map((text) => base64url.encode(text)),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 5 }), (parts) => {
        expect(parseJws(parts.join("."))).toHaveProperty("ok");
      }),
      { numRuns: 2000 },
    );
  });

  test("keeps what is signed as it came", () => {
    const text = `${base64url.encode('{ "alg" : "RS256" }')}.${base64url.encode('{"a":1}')}.AAAA`;
    const parsed = parseJws(text);
    expect(parsed.ok && new TextDecoder().decode(parsed.value.signed)).toBe(text.slice(0, -5));
    expect(parsed.ok && parsed.value.signature).toEqual(new Uint8Array(3));
  });
});

describe("the Authorization header", () => {
  test.each(["Bearer abc", "bearer abc", "BEARER   abc"])("%j holds a token", (header) => {
    expect(parseBearer(header)).toEqual({ ok: true, value: "abc" });
  });

  test.each([
    "",
    "Bearer",
    "Bearer ",
    "Bearerabc",
    "Bearer a b",
    "Bearer a,b",
    "Bearer \u0430",
    "Bearer a\nb",
    "Bearer =a",
    "\u212Aearer a",
  ])("%j holds none", (header) => {
    expect(parseBearer(header).ok).toBe(false);
  });

  test("is judged in linear time", () => {
    const begun = performance.now();
    for (let i = 0; i < 100; i++) parseBearer(`Bearer ${" ".repeat(4000)}${"=".repeat(4000)}!`);
    expect(performance.now() - begun).toBeLessThan(5000);
  });
});
