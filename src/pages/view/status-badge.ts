import type { Phase } from "../../contract/events.ts";
import { h, type Element } from "../element.ts";
import { describeStatus, toneOf } from "./words.ts";

/** A status in a word; its colour says nothing that the word doesn't. */
export function statusBadge(status: Phase): Element {
  return h("span", { class: `badge tone-${toneOf(status)}` }, describeStatus(status));
}
