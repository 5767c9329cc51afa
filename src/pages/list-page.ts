/** `/`: the runs, newest first. */
import type { Context } from "hono";
import type { Bus } from "../bus/port.ts";
import { check } from "../contract/decode.ts";
import { stringifyJson } from "../contract/json.ts";
import { succeed, type Result } from "../contract/result.ts";
import { phases } from "../contract/events.ts";
import { findEnds } from "../runs/find-ends.ts";
import { findRuns, type FoundRuns } from "../runs/list/list-runs.ts";
import { encodePositions, type Positions } from "../runs/positions.ts";
import { ListQuery } from "../runs/queries.ts";
import type { Viewer } from "../runs/viewer.ts";
import { h, type Child, type Element } from "./element.ts";
import type { Page } from "./layout.ts";
import type { Moment } from "./view/moment.ts";
import { runTable } from "./view/run-table.ts";
import { describeStatus } from "./view/words.ts";

const pageRuns = 50;

/** What a reader filters by, as it stands in the URL. */
const filters = ["status", "cluster", "driver", "guresid"] as const;
type Filters = Partial<Record<(typeof filters)[number], string>>;

export interface ListPageOptions {
  readonly bus: Pick<Bus, "events">;
  readonly viewer: Viewer;
  readonly moment: Moment;
}

/** The problem says which filter can't be used. */
export async function buildListPage(c: Context, { bus, viewer, moment }: ListPageOptions): Promise<Result<Page>> {
  // A form sends the fields that were left empty, too.
  const given = Object.fromEntries(Object.entries(c.req.query()).filter(([, value]) => value !== ""));
  const query = check(ListQuery, given);
  if (!query.ok) return query;
  const { limit = pageRuns, cursor, ...filter } = query.value;
  // First the ends, then the runs: an event in between is told twice, and harmless, not never.
  const ends = await findEnds(bus.events, viewer);
  const runs = await findRuns({ events: bus.events, viewer, filter, limit, cursor });
  const main = [
    h("h1", {}, "Runs"),
    filterForm(given, viewer.clusters),
    runs.unreachable === undefined ? null : unreachableNote(runs.unreachable),
    runs.behind === undefined ? null : behindNote(runs.behind),
    h("div", liveData(runs, { given, ends, moment, limit, first: cursor === undefined }), runTable(runs.found, moment)),
    h("p", { id: "stream-state", class: "stream-state", role: "status" }),
    nextLink(runs, given),
  ];
  return succeed({ title: "Runs", main, script: "list" });
}

function filterForm(given: Filters, clusters: readonly string[]): Element {
  const select = (name: "status" | "cluster", options: readonly (readonly [value: string, text: string])[]) =>
    field(
      name,
      h(
        "select",
        { name, id: `filter-${name}` },
        h("option", { value: "" }, "Any"),
        ...options.map(([value, text]) => h("option", { value, selected: given[name] === value }, text)),
      ),
    );
  const text = (name: "driver" | "guresid", placeholder: string) =>
    field(
      name,
      h("input", {
        name,
        id: `filter-${name}`,
        value: given[name] ?? "",
        placeholder,
        autocomplete: "off",
        spellcheck: "false",
      }),
    );
  return h(
    "form",
    { class: "filters", method: "get", action: "/", role: "search", "aria-label": "Filter runs" },
    select(
      "status",
      phases.map((phase) => [phase, describeStatus(phase)]),
    ),
    select(
      "cluster",
      clusters.map((name) => [name, name]),
    ),
    text("driver", "any"),
    text("guresid", "any"),
    h(
      "div",
      { class: "buttons" },
      h("button", { type: "submit" }, "Filter"),
      filters.some((name) => given[name] !== undefined) ? h("a", { href: "/" }, "Clear") : null,
    ),
  );
}

const labels = { status: "Status", cluster: "Cluster", driver: "Driver", guresid: "Resource (GUResID)" } as const;

function field(name: keyof typeof labels, control: Element): Element {
  return h("div", { class: "field" }, h("label", { for: `filter-${name}` }, labels[name]), control);
}

/** What the page's script goes on from. */
function liveData(
  { found }: FoundRuns,
  {
    given,
    ends,
    moment,
    limit,
    first,
  }: { given: Filters; ends: Positions; moment: Moment; limit: number; first: boolean },
): Record<string, string> {
  const filter = Object.fromEntries(
    filters.flatMap((name) => (given[name] === undefined ? [] : [[name, given[name]]])),
  );
  const runs = found.map(({ run, phases: known }) => ({ run, ...(known === undefined ? {} : { phases: known }) }));
  return {
    id: "runs",
    "data-live": stringifyJson({ runs, filter, first, limit, now: moment.now, after: encodePositions(ends) }),
  };
}

function nextLink({ next, found }: FoundRuns, given: Filters): Child {
  if (next === undefined) return null;
  const query = new URLSearchParams({ ...given, cursor: next });
  const note = found.length === 0 ? "None among those that were looked through so far. " : "";
  return h(
    "nav",
    { class: "pages", "aria-label": "Pages" },
    note,
    h("a", { href: `/?${query.toString()}`, rel: "next" }, "Older runs"),
  );
}

function unreachableNote(clusters: readonly string[]): Element {
  return h("p", { class: "note" }, `Not all is shown: ${clusters.join(", ")} can't be reached just now.`);
}

function behindNote(clusters: readonly string[]): Element {
  return h(
    "p",
    { class: "note" },
    `Not all is shown: more of ${clusters.join(", ")} has to be looked through, under “Older runs”.`,
  );
}
