/** What a run did, and how long each took, as far as its events tell. */
import { isTerminal } from "../../contract/events.ts";
import type { RunDetails } from "../../contract/runs-api/run-details.ts";
import { describeDuration } from "../../runs/words/describe-duration.ts";
import { listStages } from "../../runs/list-stages.ts";
import { h, type Element } from "../element.ts";
import { timeElement, type Moment } from "./moment.ts";
import { layOutStages, measureRun, type Span } from "./spans.ts";
import { phaseBar } from "./phase-bar.ts";
import { describeStage } from "./words.ts";

export function timeline(run: RunDetails, moment: Moment): Element {
  const end = run.phases.find(({ phase }) => isTerminal(phase));
  const total = describeDuration(measureRun(run, moment.now));
  return h(
    "section",
    { class: "card", "aria-labelledby": "timeline-title" },
    h("h2", { id: "timeline-title" }, "Timeline"),
    h(
      "ol",
      { class: "timeline" },
      ...layOutStages(listStages(run), moment.now).map(stageRow),
      end === undefined
        ? null
        : h(
            "li",
            { class: "end" },
            h("span", { class: "name" }, describeStage(end.phase)),
            timeElement(end.startedAt, moment),
            h("span", { class: "took" }, total),
          ),
    ),
  );
}

function stageRow(span: Span): Element {
  const { stage, milliseconds, current } = span;
  const took = describeDuration(milliseconds);
  return h(
    "li",
    current ? { "aria-current": "step" } : {},
    h("span", { class: "name" }, describeStage(stage)),
    phaseBar([span]),
    h("span", { class: "took" }, current ? `${took} so far` : took),
  );
}
