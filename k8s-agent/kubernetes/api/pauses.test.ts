import { describe, expect, test } from "vitest";
import { createPauses } from "./pauses.ts";

const range = { firstMilliseconds: 100, mostMilliseconds: 1000 };

describe("pauses", () => {
  test("double up to the most, and are cut by at most half", () => {
    const longest = createPauses(range, () => 0);
    expect(Array.from({ length: 6 }, () => longest())).toEqual([100, 200, 400, 800, 1000, 1000]);
    const shortest = createPauses(range, () => 1);
    expect(Array.from({ length: 3 }, () => shortest())).toEqual([50, 100, 200]);
  });

  test("are never shorter than the server asks for, and spread by at most a second beyond it", () => {
    for (const random of [0, 0.5, 1]) {
      const next = createPauses(range, () => random);
      expect(next(30_000)).toBeGreaterThanOrEqual(30_000);
      expect(next(30_000)).toBeLessThanOrEqual(31_000);
    }
    expect(createPauses(range, () => 0)(10)).toBe(100);
  });
});
