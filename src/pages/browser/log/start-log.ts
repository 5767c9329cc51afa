/** A run's log while its page is open: all of it, and what comes, in place of the end that the page came with. */
import { LogLine } from "../../../contract/runs-api/log-line.ts";
import { describeGap } from "../../../runs/stream/format-text.ts";
import { createTextCleaner } from "../../../runs/words/safe-text.ts";
import { createLineStore } from "../../log/line-store.ts";
import { createElement } from "../dom.ts";
import { followStream } from "../follow-stream.ts";
import { readJson } from "../read-json.ts";
import type { StreamState } from "../stream-state.ts";
import { createLogSearch } from "./log-search.ts";
import { createLogView } from "./log-view.ts";

export interface LogOptions {
  readonly runId: string;
  readonly state: StreamState;
  /** Whether the run goes on. */
  readonly isLive: () => boolean;
}

export function startLog(container: HTMLElement, { runId, state, isLive }: LogOptions): void {
  const body = container.querySelector("#log-body");
  const tools = container.querySelector(".log-tools");
  if (body === null || tools === null) return;
  const store = createLineStore();
  const cleaner = createTextCleaner({ colour: true });
  const follow = createToggle("Follow", (on) => view.setFollow(on));
  const wrap = createToggle("Wrap", (on) => view.setWrap(on));
  const view = createLogView({ store, onFollow: follow.set });
  const search = createLogSearch(view, store);
  const count = createElement("span", { class: "minor log-count" });
  /** The line that the address leads to, until it is there. */
  let wanted = readLineLink();

  tools.prepend(search.element, follow.element, wrap.element);
  view.element.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    search.focus();
  });
  window.addEventListener("hashchange", () => {
    wanted = readLineLink();
    showWanted();
  });

  function showWanted(): void {
    if (wanted === undefined || wanted >= store.count()) return;
    view.show(wanted);
    wanted = undefined;
  }

  function add(text: string): void {
    if (text === "") return;
    if (store.count() === 0) begin();
    store.append(text);
    count.textContent = `${store.count().toLocaleString()} ${store.count() === 1 ? "line" : "lines"}`;
    view.changed();
    search.changed();
    showWanted();
  }

  function begin(): void {
    body?.replaceChildren(view.element, count);
    if (wanted !== undefined || !isLive()) return;
    follow.set(true);
    view.setFollow(true);
  }

  void followStream({
    path: `/runs/${runId}/logs`,
    state,
    onEvent(event) {
      if (event.event === "end") return add(cleaner.end());
      const line = readJson(LogLine, event.data);
      if (line === undefined) return;
      add(cleaner.push(line.gap === undefined ? line.text : describeGap(line.gap) + line.text));
    },
  });
}

/** `#L123`, as an index. */
function readLineLink(): number | undefined {
  const number = /^#L([1-9]\d{0,8})$/.exec(location.hash)?.[1];
  return number === undefined ? undefined : Number(number) - 1;
}

interface Toggle {
  readonly element: HTMLElement;
  /** Shows how it is, and tells nobody. */
  set(on: boolean): void;
}

function createToggle(name: string, onChange: (on: boolean) => void): Toggle {
  const element = createElement("button", { type: "button", "aria-pressed": "false" }, name);
  const set = (on: boolean) => element.setAttribute("aria-pressed", String(on));
  element.addEventListener("click", () => {
    const on = element.getAttribute("aria-pressed") !== "true";
    set(on);
    onChange(on);
  });
  return { element, set };
}
