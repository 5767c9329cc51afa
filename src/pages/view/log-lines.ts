/** Lines of a log as elements: each piece is text, whatever it holds. */
import { h, type Element } from "../element.ts";
import { plainStyle } from "../log/sgr.ts";
import { styleLine } from "../log/style-line.ts";

export function logLines(lines: readonly string[]): Element {
  let style = plainStyle;
  const rows = lines.map((line) => {
    const styled = styleLine(line, style);
    style = styled.style;
    const pieces = styled.pieces.map(({ text, classes }) =>
      classes === "" ? text : h("span", { class: classes }, text),
    );
    return h("span", { class: "line" }, ...pieces, "\n");
  });
  return h("pre", { class: "log-tail", tabindex: 0, "aria-label": "The end of the log" }, ...rows);
}
