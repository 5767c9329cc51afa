/** The list of runs. */
import { isTerminal } from "../../contract/events.ts";
import type { RunSummary } from "../../contract/runs-api/run-summary.ts";
import type { RunDetails } from "../../contract/runs-api/run-details.ts";
import { listStages } from "../../runs/list-stages.ts";
import { describeDuration } from "../../runs/words/describe-duration.ts";
import { cleanLine } from "../../runs/words/safe-text.ts";
import { h, type Element } from "../element.ts";
import { timeElement, type Moment } from "./moment.ts";
import { describeSpans, phaseBar } from "./phase-bar.ts";
import { layOutStages, measureRun } from "./spans.ts";
import { statusBadge } from "./status-badge.ts";

/** A run in the list, and its phases, where they are known. */
export interface ListedRun {
  readonly run: RunSummary;
  readonly phases?: RunDetails["phases"] | undefined;
}

export function runTable(runs: readonly ListedRun[], moment: Moment): Element {
  if (runs.length === 0) return h("p", { class: "nothing" }, "No runs here.");
  const columns = ["Status", "Run", "Resource", "Phases", "Requested", "Duration"];
  const head = h(
    "tr",
    {},
    ...columns.map((name) => h("th", { scope: "col", class: `in-${name.toLowerCase()}` }, name)),
  );
  const rows = runs.map((listed) => runRow(listed, moment));
  return h(
    "table",
    { class: "runs" },
    h("caption", { class: "unseen" }, "Runs, newest first"),
    h("thead", {}, head),
    h("tbody", {}, ...rows),
  );
}

function runRow({ run, phases }: ListedRun, moment: Moment): Element {
  const spans = layOutStages(listStages({ phases: phases ?? [] }), moment.now);
  const { id, action, type, guresid, driver, cluster, reason } = run;
  const minor = (text: string) => h("span", { class: "minor" }, text);
  return h(
    "tr",
    { key: id, class: isTerminal(run.status) ? "" : "is-live" },
    h("td", { class: "in-status" }, statusBadge(run.status), reason === undefined ? null : minor(cleanLine(reason))),
    h(
      "th",
      { class: "in-run", scope: "row" },
      h("a", { href: `/runs/${id}`, class: "code" }, id),
      minor(`${action} ${type}`),
    ),
    h(
      "td",
      { class: "in-resource" },
      h("span", { class: "code cut", title: guresid }, guresid),
      minor(`${driver} on ${cluster}`),
    ),
    h("td", { class: "in-phases" }, spans.length === 0 ? null : phaseBar(spans, { label: describeSpans(spans) })),
    h("td", { class: "in-requested" }, timeElement(run.requestedAt, moment)),
    h("td", { class: "in-duration" }, describeDuration(measureRun(run, moment.now))),
  );
}
