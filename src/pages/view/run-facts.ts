/** What is known of a run beside its timeline: where it is, what came out, what went oddly. */
import type { RunDetails } from "../../contract/runs-api/run-details.ts";
import { cleanLine } from "../../runs/words/safe-text.ts";
import { h, type Child, type Element } from "../element.ts";
import { timeElement, type Moment } from "./moment.ts";

export function runFacts(run: RunDetails, moment: Moment): Element {
  const facts: readonly (readonly [name: string, value: Child])[] = [
    ["Resource", code(run.guresid)],
    ["Type", code(run.type)],
    ["Action", run.action],
    ["Driver", code(run.driver)],
    ["Cluster", code(run.cluster)],
    ["Agent", run.agent === undefined ? undefined : code(run.agent)],
    ["Commit", run.commit === undefined ? undefined : code(run.commit)],
    ["Requested", timeElement(run.requestedAt, moment)],
  ];
  return h(
    "section",
    { class: "card", "aria-labelledby": "facts-title" },
    h("h2", { id: "facts-title" }, "Run"),
    h("dl", { class: "facts" }, ...facts.filter(([, value]) => value !== undefined).map(fact)),
  );
}

export function runOutputs({ outputs }: Pick<RunDetails, "outputs">): Element | null {
  if (outputs === undefined) return null;
  const { values, secrets, manifests, unlisted = 0 } = outputs;
  const names = [
    ...values.map((name) => h("li", { class: "code" }, cleanLine(name))),
    ...secrets.map((name) =>
      h("li", {}, h("span", { class: "code" }, cleanLine(name)), h("span", { class: "minor" }, "secret")),
    ),
    ...(manifests === 0 ? [] : [h("li", {}, `${manifests} ${manifests === 1 ? "manifest" : "manifests"}`)]),
    ...(unlisted === 0 ? [] : [h("li", {}, `and ${unlisted} more`)]),
  ];
  return h(
    "section",
    { class: "card", "aria-labelledby": "outputs-title" },
    h("h2", { id: "outputs-title" }, "Outputs"),
    names.length === 0 ? h("p", { class: "nothing" }, "None.") : h("ul", { class: "names" }, ...names),
    h("p", { class: "minor" }, "Names only: values go to the one who asked for the resource."),
  );
}

export function runWarnings(
  { warnings, unlistedWarnings = 0 }: Pick<RunDetails, "warnings" | "unlistedWarnings">,
  moment: Moment,
): Element | null {
  if (warnings.length === 0) return null;
  return h(
    "section",
    { class: "card", "aria-labelledby": "warnings-title" },
    h("h2", { id: "warnings-title" }, "Warnings"),
    h(
      "ul",
      { class: "warnings" },
      ...warnings.map(({ time, message }) => h("li", {}, timeElement(time, moment), " ", cleanLine(message))),
      unlistedWarnings === 0 ? null : h("li", {}, `and ${unlistedWarnings} more`),
    ),
  );
}

function fact([name, value]: readonly [string, Child]): Element {
  return h("div", {}, h("dt", {}, name), h("dd", {}, value));
}

function code(text: string): Element {
  return h("span", { class: "code" }, cleanLine(text));
}
