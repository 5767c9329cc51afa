import { expect, test } from "vitest";
import { createTurns } from "./turns.ts";

/** Work that ends when the test says so. */
function createWork(order: string[], name: string) {
  const end = Promise.withResolvers<string>();
  const work = () => {
    order.push(name);
    return end.promise;
  };
  return { work, end };
}

test("work with the same key waits for what came before it, well ended or not", async () => {
  const turns = createTurns();
  const order: string[] = [];
  const [a, b, c] = [createWork(order, "a"), createWork(order, "b"), createWork(order, "c")];
  const outcomes = Promise.allSettled([turns.take("x", a.work), turns.take("x", b.work), turns.take("x", c.work)]);
  await turns.take("x-other", async () => undefined);
  expect(order).toEqual(["a"]);
  a.end.reject(new Error("failed"));
  b.end.resolve("done");
  c.end.resolve("done too");
  expect((await outcomes).map(({ status }) => status)).toEqual(["rejected", "fulfilled", "fulfilled"]);
  expect(order).toEqual(["a", "b", "c"]);
});

test("work with another key doesn't wait", async () => {
  const turns = createTurns();
  const order: string[] = [];
  const waiting = createWork(order, "a");
  const pending = turns.take("x", waiting.work);
  expect(await turns.take("y", async () => "y")).toBe("y");
  waiting.end.resolve("x");
  expect(await pending).toBe("x");
  expect(await turns.take("x", async () => "again")).toBe("again");
});
