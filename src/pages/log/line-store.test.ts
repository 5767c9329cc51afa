import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createLineStore } from "./line-store.ts";
import { buildPattern, createSearch, markPieces } from "./search.ts";
import { stripColours } from "./style-line.ts";

const textOf = ({ pieces }: { pieces: readonly { text: string }[] }) => pieces.map(({ text }) => text).join("");

describe("a log's lines", () => {
  test("are the same however the text was cut", () => {
    const pieces = fc.array(fc.string({ unit: fc.constantFrom("a", "b", "\n", "é", "\x1b[31m", "\x1b[0m") }), {
      maxLength: 30,
    });
    fc.assert(
      fc.property(pieces, fc.integer({ min: 0, max: 10 }), (parts, from) => {
        const store = createLineStore();
        for (const part of parts) store.append(part);
        const text = parts.join("");
        const lines = text.split("\n");
        if (lines.at(-1) === "") lines.pop();
        expect(store.count()).toBe(lines.length);
        const read = store.read(from, 1000);
        expect(read.map(textOf)).toEqual(lines.slice(from).map(stripColours));
        // What a line looks like doesn't depend on where one begins to read.
        expect(read).toEqual(store.read(0, 1000).slice(from));
        lines.forEach((line, i) => expect(store.width(i)).toBe(stripColours(line).length));
      }),
    );
  });

  test("are broken where they are longer than any should be, not within a colour or a character", () => {
    const store = createLineStore();
    const long = `${"x".repeat(65_534)}🙂${"y".repeat(65_533)}\x1b[31m${"z".repeat(65_535)}🙂`;
    for (let at = 0; at < long.length; at += 10_000) store.append(long.slice(at, at + 10_000));
    store.append(`${"a".repeat(65_536)}\n${"b".repeat(65_536)}\nc`);
    const lines = store.read(0, 10).map(textOf);
    expect(lines.map((line) => [line.slice(0, 2), line.slice(-2), line.length])).toEqual([
      ["xx", "🙂", 65_536],
      ["yy", "yy", 65_533],
      ["zz", "zz", 65_531],
      ["zz", "aa", 65_536],
      ["aa", "aa", 6],
      ["bb", "bb", 65_536],
      ["c", "c", 1],
    ]);
    expect(store.read(2, 1)[0]?.pieces.map(({ classes }) => classes)).toEqual(["sgr-fg-1"]);
    const whole = createLineStore();
    whole.append(`${long}${"a".repeat(65_536)}\n${"b".repeat(65_536)}\nc`);
    expect(whole.read(0, 10).map(textOf)).toEqual(lines);
  });

  test("keep their colours over many of them, wherever one looks", () => {
    const store = createLineStore();
    for (let i = 0; i < 5000; i++)
      store.append(`${i === 100 ? "\x1b[32m" : ""}line ${i} ${"x".repeat(30)}${i === 4000 ? "\x1b[0m" : ""}\n`);
    const classesAt = (index: number) => store.read(index, 1)[0]?.pieces.map(({ classes }) => classes);
    expect([99, 100, 2500, 4000, 4001].map(classesAt)).toEqual([[""], ["sgr-fg-2"], ["sgr-fg-2"], ["sgr-fg-2"], [""]]);
    expect(store.read(4990, 100)).toHaveLength(10);
    expect(store.read(6000, 10)).toEqual([]);
  });
});

describe("search", () => {
  const searchAll = (store: ReturnType<typeof createLineStore>, query: string) => {
    const search = createSearch(store, query);
    while (search.advance(5));
    return search;
  };

  test("finds each line once, in large and small letters, through colours, in what isn't whole yet", () => {
    const store = createLineStore();
    store.append("One needle and a NEEDLE\nnothing\nnee\x1b[31mdle\x1b[0m\n");
    for (let i = 3; i < 3000; i++) store.append(`line ${i} ${"-".repeat(60)}${i % 1000 === 0 ? "Needle" : ""}\n`);
    store.append("a nee");
    const search = searchAll(store, "needle");
    expect(search.lines).toEqual([0, 2, 1000, 2000]);
    store.append("dle at the end");
    while (search.advance(5));
    expect(search.lines).toEqual([0, 2, 1000, 2000, 3000]);
    store.append("\nand a needle more\n");
    while (search.advance(5));
    expect(search.lines).toEqual([0, 2, 1000, 2000, 3000, 3001]);
  });

  test("takes every text for what it is", () => {
    const store = createLineStore();
    const odd = ".*+?^${}()|[]\\/-";
    store.append(`x\n${odd}\n`);
    expect(searchAll(store, odd).lines).toEqual([1]);
    expect(searchAll(store, ".").lines).toEqual([1]);
    for (const character of odd) expect(searchAll(store, character).lines).toEqual([1]);
  });

  test("marks what it found, over pieces of several colours", () => {
    const pieces = [
      { text: "a need", classes: "red" },
      { text: "le, needle", classes: "" },
    ];
    expect(markPieces(pieces, buildPattern("needle"))).toEqual([
      { text: "a ", classes: "red", marked: false },
      { text: "need", classes: "red", marked: true },
      { text: "le", classes: "", marked: true },
      { text: ", ", classes: "", marked: false },
      { text: "needle", classes: "", marked: true },
    ]);
    const many = markPieces([{ text: "x".repeat(60_000), classes: "" }], buildPattern("x"));
    expect(many).toHaveLength(60_000);
    expect(markPieces(pieces, undefined).every(({ marked }) => !marked)).toBe(true);
  });
});
