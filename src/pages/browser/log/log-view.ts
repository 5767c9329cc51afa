/** The lines of a log on the screen: only those that can be seen are there, so that a million cost no more than a hundred. */
import type { LineStore } from "../../log/line-store.ts";
import { createPlainRows, createWrappedRows } from "../../log/row-index.ts";
import { measureScroll, measureSpace, rowHeight, toLogTop, toScrollTop } from "../../log/scroll-scale.ts";
import { createElement } from "../dom.ts";
import { countColumns } from "./count-columns.ts";
import { buildRow, type RowOptions } from "./row.ts";

export interface LogView {
  readonly element: HTMLElement;
  /** There are more lines, or the last one has grown. */
  changed(): void;
  setFollow(follow: boolean): void;
  setWrap(wrap: boolean): void;
  /** Text to mark; undefined: none. */
  setPattern(pattern: RegExp | undefined): void;
  /** Shows a line, and marks it. */
  show(line: number): void;
  /** The first line that can be seen. */
  topLine(): number;
}

export interface LogViewOptions {
  readonly store: LineStore;
  /** Told when the reader scrolls away from the end, or back to it. */
  readonly onFollow: (follow: boolean) => void;
}

/** Rows beyond the edges, so that scrolling shows no gap. */
const overscan = 12;

export function createLogView({ store, onFollow }: LogViewOptions): LogView {
  const window = createWindow(store);
  const { element } = window;
  let follows = false;
  let isDrawing = false;

  function layOut(): void {
    if (window.readScroll()) follow(window.isAtEnd());
    window.grow();
    if (follows) window.scrollToEnd();
    window.draw();
  }

  function requestLayout(): void {
    if (isDrawing) return;
    isDrawing = true;
    requestAnimationFrame(() => {
      isDrawing = false;
      layOut();
    });
  }

  function follow(next: boolean): void {
    if (next === follows) return;
    follows = next;
    onFollow(next);
  }

  element.addEventListener("scroll", requestLayout);
  new ResizeObserver(() => {
    window.rebuild();
    requestLayout();
  }).observe(element);

  return {
    element,
    changed: requestLayout,
    setFollow(next) {
      follows = next;
      layOut();
    },
    setWrap(wrap) {
      element.classList.toggle("is-wrapped", wrap);
      window.rebuild();
      layOut();
    },
    setPattern(pattern) {
      window.marks.pattern = pattern;
      requestLayout();
    },
    show(line) {
      window.marks.line = line;
      follow(false);
      window.grow();
      window.scrollToLine(line);
      window.draw();
    },
    topLine: window.topLine,
  };
}

/** The part of the log that is on the screen. */
function createWindow(store: LineStore) {
  const rows = createElement("div", { class: "log-rows" });
  const space = createElement("div", { class: "log-space" }, rows);
  const label = { tabindex: "0", role: "group", "aria-labelledby": "log-title" };
  const element = createElement("div", { class: "log-view", ...label }, space);
  const marks: { pattern: RegExp | undefined; line: number | undefined } = { pattern: undefined, line: undefined };
  let index = createPlainRows();
  /** Where the view is in the log, pixels: what is scrolled to follows from it, and changes as the log grows. */
  let top = 0;
  /** Where the element was scrolled to for that; anywhere else, and the reader has scrolled. */
  let placed = 0;

  const extent = () => ({ rows: index.rows(), viewHeight: element.clientHeight });
  const topLine = () => index.lineAt(top / rowHeight);
  const isAtEnd = () => element.scrollTop >= measureScroll(extent()) - 2;

  function place(next: number): void {
    const most = index.rows() * rowHeight - element.clientHeight;
    top = Math.max(0, Math.min(next, most));
    const wanted = toScrollTop(top, extent());
    // Setting it would end a scroll that is under way.
    if (Math.abs(element.scrollTop - wanted) >= 1) element.scrollTop = wanted;
    placed = element.scrollTop;
  }

  function resize(): void {
    index.update(store.count());
    space.style.height = `${measureSpace(extent())}px`;
  }

  return {
    element,
    marks,
    topLine,
    isAtEnd,
    /** Whether the reader has scrolled. */
    readScroll(): boolean {
      if (Math.abs(element.scrollTop - placed) < 1) return false;
      placed = element.scrollTop;
      top = toLogTop(placed, extent());
      return true;
    },
    /** Takes in what came; what is seen stays where it is. */
    grow() {
      resize();
      place(top);
    },
    /** A line in the upper half, with what stands before it. */
    scrollToLine: (line: number) => place(index.rowOf(line) * rowHeight - element.clientHeight / 3),
    scrollToEnd: () => place(index.rows() * rowHeight - element.clientHeight),
    draw() {
      const firstRow = Math.max(0, Math.floor(top / rowHeight) - overscan);
      const lastRow = Math.ceil((top + element.clientHeight) / rowHeight) + overscan;
      const first = index.lineAt(firstRow);
      const lines = store.read(first, index.lineAt(lastRow) + 1 - first);
      const optionsOf = (line: number): RowOptions => ({ pattern: marks.pattern, isMarked: line === marks.line });
      rows.replaceChildren(...lines.map((line) => buildRow(line, optionsOf(line.index))));
      // A wrapped row may be higher than it was taken for: the last one has to be seen all the same.
      const fromEnd = isAtEnd() && measureScroll(extent()) > 0;
      rows.style.top = fromEnd ? "auto" : `${element.scrollTop + index.rowOf(first) * rowHeight - top}px`;
      rows.style.bottom = fromEnd ? "0" : "auto";
    },
    /** Works out anew which rows lines take, and stays at the line that the reader is at. */
    rebuild() {
      const isWrapped = element.classList.contains("is-wrapped");
      const line = topLine();
      index = isWrapped ? createWrappedRows({ width: store.width, columns: countColumns(rows) }) : createPlainRows();
      resize();
      place(index.rowOf(line) * rowHeight);
    },
  };
}
