import { expect, test } from "vitest";
import { createReadAheadBudget, leastBytes } from "./read-ahead-budget.ts";

const mebibyte = 1024 * 1024;

function arrange() {
  const budget = createReadAheadBudget({ mostBytes: 2 * mebibyte, mostBytesOfAll: 5 * mebibyte });
  const rung: string[] = [];
  const open = (name: string) => budget.open(() => void rung.push(name));
  return { budget, rung, open };
}

test("a log has room until it holds as much as one may", () => {
  const { open } = arrange();
  const one = open("one");
  one.hold(2 * mebibyte - 1);
  expect(one.hasRoom()).toBe(true);
  one.hold(1);
  expect(one.hasRoom()).toBe(false);
  one.free(1);
  expect(one.hasRoom()).toBe(true);
});

test("when all hold as much as all may, each has room for a little, and hears of it when there is more", () => {
  const { open, rung } = arrange();
  const [one, two, three, four] = [open("one"), open("two"), open("three"), open("four")] as const;
  one.hold(2 * mebibyte);
  two.hold(2 * mebibyte);
  three.hold(mebibyte);
  expect(three.hasRoom()).toBe(false);
  expect(four.hasRoom()).toBe(true);
  four.hold(leastBytes);
  expect(four.hasRoom()).toBe(false);
  one.free(leastBytes);
  expect(rung).toEqual([]);
  one.free(1);
  expect(rung).toEqual(["one", "two", "three", "four"]);
  expect([three.hasRoom(), four.hasRoom()]).toEqual([true, true]);
});

test("what a log held is the others' when it is closed, and it holds nothing later", () => {
  const { budget, open, rung } = arrange();
  const [one, two] = [open("one"), open("two")] as const;
  one.hold(5 * mebibyte);
  two.hold(leastBytes);
  expect(two.hasRoom()).toBe(false);
  one.close();
  expect(rung).toEqual(["two"]);
  expect(two.hasRoom()).toBe(true);
  one.hold(mebibyte);
  one.free(mebibyte);
  one.close();
  expect(budget.held).toBe(leastBytes);
});
