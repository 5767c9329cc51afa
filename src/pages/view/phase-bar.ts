/** A run's stages as a bar. Drawn by attributes of SVG: the content security policy allows no style of elements' own. */
import { describeDuration } from "../../runs/words/describe-duration.ts";
import { h, type Element } from "../element.ts";
import type { Span } from "./spans.ts";
import { describeStage } from "./words.ts";

const width = 100;
const height = 4;

/** For eyes only unless it is given words: what it shows stands in text beside it. */
export function phaseBar(spans: readonly Span[], { label }: { label?: string } = {}): Element {
  const hidden = label === undefined ? { "aria-hidden": "true" } : { role: "img", "aria-label": label };
  const size = { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none" };
  return h("svg", { class: "phase-bar", ...size, ...hidden }, ...spans.map(drawSpan));
}

/** The stages in words, for those who can't see the bar. */
export function describeSpans(spans: readonly Span[]): string {
  return spans.map(({ stage, milliseconds }) => `${describeStage(stage)} ${describeDuration(milliseconds)}`).join(", ");
}

function drawSpan({ stage, start, length, current }: Span): Element {
  const position = { x: round(start * width), y: 0, width: round(Math.max(length * width, 0.5)), height };
  return h("rect", { class: `stage-${stage}${current ? " stage-current" : ""}`, ...position });
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
