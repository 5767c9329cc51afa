import { expect, test } from "vitest";
import { limits } from "../../../src/contract/limits.ts";
import { readYaml } from "./read-yaml.ts";

const problemOf = (text: string) => {
  const read = readYaml(text);
  return read.ok ? "" : read.problem;
};

test("octal modes, merge keys and words for true are read as kubectl reads them", () => {
  expect(readYaml("a: 0644\nb: yes\nbase: &base {x: 1}\nc: {<<: *base, z: 2}")).toEqual({
    ok: true,
    value: { a: 0o644, b: true, base: { x: 1 }, c: { x: 1, z: 2 } },
  });
});

test("what looks like a time or a date stays text", () => {
  expect(readYaml("port: 22:22\nday: 2001-01-01")).toEqual({ ok: true, value: { port: "22:22", day: "2001-01-01" } });
});

test("nothing is null", () => {
  for (const text of ["", "\n", "# a comment only\n", "---\n"])
    expect(readYaml(text)).toEqual({ ok: true, value: null });
});

test("aliases that stand for more values than the limit are refused, with the figure, before they are resolved", () => {
  const level = (name: string, of: string) => `${name}: &${name} [${Array.from({ length: 10 }, () => of).join(",")}]\n`;
  const bomb =
    level("a", "1") +
    Array.from("bcdefghij")
      .map((name, at) => level(name, `*${"abcdefghi"[at]}`))
      .join("");
  const problem = problemOf(bomb);
  expect(problem).toMatch(/^it, with its aliases resolved, is \d{11,} values, the limit is 10000 values$/);
});

test("a list at the limit is read, one above is refused", () => {
  const list = (values: number) => `[${Array.from({ length: values }, () => "1").join(",")}]`;
  expect(readYaml(list(limits.podTemplateValues - 1)).ok).toBe(true);
  expect(problemOf(list(limits.podTemplateValues))).toContain("is 10001 values, the limit is 10000 values");
});

test.for([
  ["a: &a [*a]", "an alias refers to what it stands in"],
  ["a: &a {b: {c: *a}}", "an alias refers to what it stands in"],
  ["a: *missing", "it is not YAML: Unresolved alias"],
  ["a: 1\na: 2", "it is not YAML: a key is there twice at line 2, column 1"],
  ["a: 1\n---\nb: 2", "it is not YAML: Source contains multiple documents"],
  ["a: [1, 2", "it is not YAML"],
  ["a:\n\t- 1", "it is not YAML"],
  ["[".repeat(60_000), "it is 60000 levels of brackets and indentation, the limit is 100 levels"],
  [`${"- ".repeat(30_000)}1`, "it is 30000 levels of brackets and indentation, the limit is 100 levels"],
])("%.30s … is refused", ([text, problem]) => {
  expect(problemOf(text ?? "")).toContain(problem);
});

test.for([
  ["1 and '1', which are one key in the end", "1: a\n'1': b", "a key is there twice at line 2, column 1"],
  ["a key in braces", "a: {b: 1, c: 2, b: 3}", "a key is there twice at line 1, column 17"],
  ["aliases beyond their limit", `a: &a 1\nb: [${"*a,".repeat(101)}]`, "it is 101 aliases, the limit is 100 aliases"],
])("%s: refused", ([, text, problem]) => {
  expect(problemOf(text ?? "")).toContain(problem);
});

test("asterisks in text are no aliases", () => {
  const text = `a: ["*a", '*b', **/*.ts]\nb: >\n${"  * point\n".repeat(200)}`;
  expect(problemOf(`${text}c: |\n${"  *x\n".repeat(200)}d: "${"*".repeat(200)}"`)).not.toContain("aliases");
});

test("what is slow to read in the parser is refused, or read, in time", { timeout: 60_000 }, () => {
  const many = (count: number, build: (index: number) => string) => Array.from({ length: count }, (_, at) => build(at));
  const slow = [
    `a: &a 1\nb: [${"*a,".repeat(20_000)}]`,
    `a: &a {x: 1}\nb: {${"<<: *a, ".repeat(6000)}}`,
    many(6000, (at) => `k${at}: 1`).join("\n"),
    many(6000, (at) => `- &a${at} 1`).join("\n"),
    `{${many(6000, (at) => `k${at}: 1`).join(",")}}`,
  ];
  for (const text of slow) expect(typeof readYaml(text).ok).toBe("boolean");
});

test("no problem quotes the text", () => {
  expect(problemOf("password: canary-1: x: [\n  canary-2")).not.toContain("canary");
});
