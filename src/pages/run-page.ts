/** `/runs/<id>`: one run, its reason of failing on top, its log at the end. */
import type { Bus } from "../bus/port.ts";
import { stringifyJson } from "../contract/json.ts";
import { isTerminal } from "../contract/events.ts";
import type { RunDetails } from "../contract/runs-api/run-details.ts";
import type { FoundRun } from "../runs/find-run.ts";
import { h, type Child, type Element } from "./element.ts";
import type { Page } from "./layout.ts";
import { readTail, tailLines, type LogTail } from "./log/read-tail.ts";
import { failureCard } from "./view/failure-card.ts";
import { logLines } from "./view/log-lines.ts";
import type { Moment } from "./view/moment.ts";
import { runHead } from "./view/run-head.ts";
import { runFacts, runOutputs, runWarnings } from "./view/run-facts.ts";
import { timeline } from "./view/timeline.ts";

export interface RunPageOptions {
  readonly bus: Pick<Bus, "events" | "logs">;
  readonly details: RunDetails;
  readonly mayCancel: boolean;
  readonly moment: Moment;
  readonly signal: AbortSignal;
}

export async function buildRunPage(run: FoundRun, options: RunPageOptions): Promise<Page> {
  const { bus, details, mayCancel, moment, signal } = options;
  const tail = await readTail(run, { bus, signal });
  const live = { details, now: moment.now, after: `${run.last.sequence}` };
  const part = (name: string, ...children: Child[]) => h("div", { "data-part": name }, ...children);
  return {
    title: `${details.action} ${details.guresid}`,
    script: "run",
    main: [
      h(
        "nav",
        { class: "crumbs", "aria-label": "Where this is" },
        h("a", { href: "/" }, "Runs"),
        " / ",
        h("span", { class: "code" }, details.id),
      ),
      h(
        "div",
        { id: "run", "data-live": stringifyJson(live) },
        h(
          "div",
          { class: "run-top" },
          part("head", runHead(details)),
          mayCancel && !isTerminal(details.status) ? cancelForm(details.id) : null,
        ),
        h("p", { id: "run-state", class: "unseen", role: "status" }),
        h("p", { id: "stream-state", class: "stream-state", role: "status" }),
        part("failure", failureCard(details)),
        part("timeline", timeline(details, moment)),
        part("outputs", runOutputs(details)),
        part("warnings", runWarnings(details, moment)),
        logSection(details.id, tail),
        part("facts", runFacts(details, moment)),
      ),
    ],
  };
}

/** Two steps without a script, too: the button that stops the run is inside what the first one opens. */
function cancelForm(id: string): Element {
  return h(
    "details",
    { class: "cancel" },
    h("summary", { class: "button" }, "Cancel run…"),
    h(
      "form",
      { method: "post", action: `/runs/${id}/cancel` },
      h(
        "p",
        {},
        "The container is told to stop (SIGTERM), and killed when it hasn't after its grace. What it did so far stays done.",
      ),
      h("button", { type: "submit", class: "danger" }, "Cancel this run"),
    ),
  );
}

function logSection(id: string, { lines, cut }: LogTail): Element {
  const whole = h("a", { href: `/runs/${id}/logs?format=text`, download: `${id}.log` }, "Download");
  return h(
    "section",
    { id: "log", class: "card log", "aria-labelledby": "log-title" },
    h("div", { class: "log-bar" }, h("h2", { id: "log-title" }, "Log"), h("div", { class: "log-tools" }, whole)),
    h(
      "div",
      { id: "log-body" },
      cut
        ? h(
            "p",
            { class: "minor" },
            `The last ${Math.min(lines.length, tailLines)} lines; the download has all of them.`,
          )
        : null,
      lines.length === 0 ? h("p", { class: "nothing" }, "It has printed nothing yet.") : logLines(lines),
    ),
  );
}
