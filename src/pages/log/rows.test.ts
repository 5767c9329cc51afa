import { describe, expect, test } from "vitest";
import { createPlainRows, createWrappedRows } from "./row-index.ts";
import { measureScroll, measureSpace, rowHeight, toLogTop, toScrollTop } from "./scroll-scale.ts";

describe("rows", () => {
  test("are lines where nothing is wrapped", () => {
    const rows = createPlainRows();
    rows.update(10);
    expect([rows.rows(), rows.rowOf(3), rows.lineAt(3.9), rows.lineAt(99), rows.lineAt(-1)]).toEqual([10, 3, 3, 9, 0]);
  });

  test("follow from how long lines are where they are, also when the last one grows", () => {
    const widths = [5, 0, 25, 10];
    const rows = createWrappedRows({ width: (line) => widths[line] ?? 0, columns: 10 });
    expect([rows.rows(), rows.lineAt(5)]).toEqual([0, 0]);
    rows.update(4);
    expect(rows.rows()).toBe(6);
    expect([0, 1, 2, 3, 4].map(rows.rowOf)).toEqual([0, 1, 2, 5, 6]);
    expect([0, 1, 2, 3, 4, 5, 6].map(rows.lineAt)).toEqual([0, 1, 2, 2, 2, 3, 3]);
    widths[3] = 11;
    widths[4] = 1;
    rows.update(5);
    expect([rows.rows(), rows.rowOf(4)]).toEqual([8, 7]);
  });
});

describe("scrolling", () => {
  test.for([10, 1000, 1_000_000, 10_000_000])("through %d rows leads from one end to the other and back", (rows) => {
    const extent = { rows, viewHeight: 600 };
    expect(measureSpace(extent)).toBeLessThanOrEqual(15_000_000);
    const end = Math.max(0, rows * rowHeight - 600);
    expect([toLogTop(0, extent), toLogTop(measureScroll(extent), extent)]).toEqual([0, end]);
    for (const top of [0, end / 3, end]) expect(toLogTop(toScrollTop(top, extent), extent)).toBeCloseTo(top, 3);
    expect(toScrollTop(end + 1000, extent)).toBe(measureScroll(extent));
  });

  test("is pixel for pixel where the log is short enough", () => {
    expect(toLogTop(1234, { rows: 500_000, viewHeight: 600 })).toBeCloseTo(1234, 6);
  });
});
