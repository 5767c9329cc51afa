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

  element.addEventListener("scroll", () => {
    follow(window.isAtEnd());
    requestLayout();
  });
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
      window.scrollToLine(line, element.clientHeight / 3);
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

  const extent = () => ({ rows: index.rows(), viewHeight: element.clientHeight });
  const logTop = () => toLogTop(element.scrollTop, extent());
  const topLine = () => index.lineAt(logTop() / rowHeight);
  const isAtEnd = () => element.scrollTop >= measureScroll(extent()) - 2;

  function grow(): void {
    index.update(store.count());
    space.style.height = `${measureSpace(extent())}px`;
  }

  function scrollToLine(line: number, above: number): void {
    element.scrollTop = toScrollTop(index.rowOf(line) * rowHeight - above, extent());
  }

  return {
    element,
    marks,
    grow,
    scrollToLine,
    topLine,
    isAtEnd,
    scrollToEnd() {
      element.scrollTop = measureScroll(extent());
    },
    draw() {
      const top = logTop();
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
    /** Works out anew which rows lines take, and stays where the reader is. */
    rebuild() {
      const isWrapped = element.classList.contains("is-wrapped");
      const line = topLine();
      index = isWrapped ? createWrappedRows({ width: store.width, columns: countColumns(rows) }) : createPlainRows();
      const wasScrolled = element.scrollTop > 0;
      grow();
      if (wasScrolled) scrollToLine(line, 0);
    },
  };
}
