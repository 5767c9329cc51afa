import { createElement } from "../dom.ts";

const fewest = 10;
const probeCharacters = 100;

/** How many characters there are in a row of a log: all of them are of the same width. */
export function countColumns(rows: HTMLElement): number {
  const text = createElement("span", { class: "log-text" });
  const row = createElement("div", { class: "log-row" }, createElement("span", { class: "log-number" }, "1"), text);
  const probe = createElement("span", { class: "log-probe" }, "0".repeat(probeCharacters));
  rows.append(row, probe);
  const padding = Number.parseFloat(getComputedStyle(text).paddingRight) || 0;
  const available = text.clientWidth - padding;
  const width = probe.getBoundingClientRect().width / probeCharacters;
  row.remove();
  probe.remove();
  return width > 0 ? Math.max(fewest, Math.floor(available / width)) : fewest;
}
