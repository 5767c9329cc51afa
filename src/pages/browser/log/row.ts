/** A line of a log on the screen, with its number, which is a link to it. */
import type { StoredLine } from "../../log/line-store.ts";
import { markPieces } from "../../log/search.ts";
import { createElement } from "../dom.ts";

export interface RowOptions {
  /** What to mark in it. */
  readonly pattern: RegExp | undefined;
  /** Whether it is the line that a link or a search led to. */
  readonly isMarked: boolean;
}

export function buildRow({ index, pieces }: StoredLine, { pattern, isMarked }: RowOptions): HTMLElement {
  const number = String(index + 1);
  const link = createElement(
    "a",
    { class: "log-number", href: `#L${number}`, tabindex: "-1", "aria-label": `Line ${number}` },
    number,
  );
  const text = createElement("span", { class: "log-text" });
  for (const { text: piece, classes, marked } of markPieces(pieces, pattern)) {
    if (marked) text.append(createElement("mark", { class: classes }, piece));
    else text.append(classes === "" ? piece : createElement("span", { class: classes }, piece));
  }
  const state: Record<string, string> = isMarked ? { "aria-current": "true" } : {};
  return createElement(
    "div",
    { class: isMarked ? "log-row is-marked" : "log-row", "data-line": number, ...state },
    link,
    text,
  );
}
