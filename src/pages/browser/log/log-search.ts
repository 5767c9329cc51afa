/** The search field of a log: how many lines match, and going from one to the next. */
import type { LineStore } from "../../log/line-store.ts";
import { createSearch, type Search } from "../../log/search.ts";
import { createElement } from "../dom.ts";
import type { LogView } from "./log-view.ts";

export interface LogSearch {
  readonly element: HTMLElement;
  /** There are more lines to look through. */
  changed(): void;
  focus(): void;
}

/** How long it looks at a time: the page stays quick meanwhile. */
const sliceMilliseconds = 12;
const pauseMilliseconds = 4;

export function createLogSearch(view: LogView, store: LineStore): LogSearch {
  const input = createElement("input", {
    type: "search",
    placeholder: "Search the log",
    "aria-label": "Search the log",
    autocomplete: "off",
    spellcheck: "false",
  });
  const previous = createElement("button", { type: "button", class: "quiet", "aria-label": "Previous match" }, "↑");
  const next = createElement("button", { type: "button", class: "quiet", "aria-label": "Next match" }, "↓");
  const found = createElement("output", { class: "minor" });
  const element = createElement(
    "form",
    { class: "log-search", role: "search", "aria-label": "Search the log" },
    input,
    previous,
    next,
    found,
  );
  let search: Search | undefined;
  /** The line of the match that was gone to. */
  let current: number | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function begin(): void {
    const query = input.value;
    search = query === "" ? undefined : createSearch(store, query);
    current = undefined;
    view.setPattern(search?.pattern);
    look();
  }

  /** Looks on, a slice at a time, and says how far it is. */
  function look(): void {
    clearTimeout(timer);
    const more = search?.advance(sliceMilliseconds) ?? false;
    describe(more);
    if (more) timer = setTimeout(look, pauseMilliseconds);
  }

  function describe(more: boolean): void {
    if (search === undefined) found.textContent = "";
    else {
      const total = `${search.lines.length.toLocaleString()}${more ? "…" : ""}`;
      const at = current === undefined ? -1 : search.lines.indexOf(current);
      found.textContent =
        at < 0
          ? `${total} ${search.lines.length === 1 ? "line" : "lines"}`
          : `${(at + 1).toLocaleString()} of ${total}`;
    }
  }

  function go(step: 1 | -1): void {
    const lines = search?.lines ?? [];
    const from = current ?? view.topLine() - (step > 0 ? 1 : 0);
    const after = step > 0 ? lines.find((line) => line > from) : lines.findLast((line) => line < from);
    // Round to the other end.
    const line = after ?? (step > 0 ? lines[0] : lines.at(-1));
    if (line === undefined) return;
    current = line;
    view.show(line);
    describe(false);
  }

  input.addEventListener("input", begin);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") view.element.focus();
    if (event.key !== "Enter") return;
    event.preventDefault();
    go(event.shiftKey ? -1 : 1);
  });
  element.addEventListener("submit", (event) => event.preventDefault());
  previous.addEventListener("click", () => go(-1));
  next.addEventListener("click", () => go(1));
  return {
    element,
    changed() {
      if (search !== undefined) look();
    },
    focus: () => input.focus(),
  };
}
