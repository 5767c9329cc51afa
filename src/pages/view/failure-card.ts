/** Why a run failed or was cancelled: the first thing that is asked about it. */
import type { RunDetails } from "../../contract/runs-api/run-details.ts";
import { adviseOn } from "../../runs/words/advice.ts";
import { cleanLine, cleanText } from "../../runs/words/safe-text.ts";
import { h, type Element } from "../element.ts";

export function failureCard({ failure, status }: Pick<RunDetails, "failure" | "status">): Element | null {
  if (failure === undefined) return null;
  const { reason, message, evidence = {} } = failure;
  const advice = adviseOn(reason);
  return h(
    "section",
    { class: `failure tone-${status}`, "aria-labelledby": "failure-title" },
    h("h2", { id: "failure-title" }, status === "cancelled" ? "Why it was cancelled" : "Why it failed"),
    h("p", { class: "reason code" }, cleanLine(reason)),
    h("pre", { class: "message" }, cleanText(message, { colour: false }).trim()),
    advice === undefined ? null : h("p", { class: "advice" }, h("strong", {}, "What to do: "), advice),
    listEvidence(evidence),
  );
}

function listEvidence(evidence: Readonly<Record<string, string | number | boolean>>): Element | null {
  const entries = Object.entries(evidence);
  if (entries.length === 0) return null;
  return h(
    "dl",
    { class: "facts", "aria-label": "Evidence" },
    ...entries.map(([name, value]) =>
      h("div", {}, h("dt", {}, cleanLine(name)), h("dd", { class: "code" }, cleanLine(String(value)))),
    ),
  );
}
