import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createFifo } from "./fifo.ts";

test("a queue behaves like an array, whatever is pushed and taken", () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.integer(), { nil: undefined })), (steps) => {
      const fifo = createFifo<number>();
      const array: number[] = [];
      for (const step of steps) {
        if (step === undefined) expect(fifo.shift()).toBe(array.shift());
        else {
          fifo.push(step);
          array.push(step);
        }
        expect(fifo.length).toBe(array.length);
        for (let i = -1; i <= array.length; i++) expect(fifo.at(i)).toBe(array[i]);
      }
    }),
  );
});
