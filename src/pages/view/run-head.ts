import type { RunDetails } from "../../contract/runs-api/run-details.ts";
import { h, type Element } from "../element.ts";
import { statusBadge } from "./status-badge.ts";

/** What a run is of, and how it stands. */
export function runHead({ status, action, type, guresid, waiting }: RunDetails): Element {
  return h(
    "div",
    { class: "run-head" },
    h("h1", {}, `${action} ${type}`, " ", statusBadge(status)),
    h("p", { class: "code minor" }, guresid),
    waiting ? h("p", { class: "note" }, "It waits: its cluster has no agent just now.") : null,
  );
}
