/** The list of runs while it is open: new runs and changed ones appear as their events come. */
import { render } from "hono/jsx/dom";
import * as v from "valibot";
import { isTerminal } from "../../contract/events.ts";
import { RunDetails } from "../../contract/runs-api/run-details.ts";
import { RunList, RunSummary } from "../../contract/runs-api/run-summary.ts";
import { SeenEvent } from "../../contract/runs-api/seen-event.ts";
import { addDetails, applyListEvent, type LiveList } from "../live/live-list.ts";
import { runTable } from "../view/run-table.ts";
import { createDrawing } from "./draw.ts";
import { followStream } from "./follow-stream.ts";
import { createMoments } from "./moment.ts";
import { readJson, readLiveData } from "./read-json.ts";
import { createStreamState } from "./stream-state.ts";

const text = v.optional(v.string());
const ListData = v.object({
  runs: v.array(v.object({ run: RunSummary, phases: v.optional(RunDetails.entries.phases) })),
  filter: v.object({ status: text, cluster: text, driver: text, guresid: text }),
  first: v.boolean(),
  limit: v.number(),
  now: v.number(),
  after: v.string(),
});

export function startList(container: HTMLElement, stateElement: HTMLElement): void {
  const data = readLiveData(ListData, container);
  if (data === undefined) return;
  const moment = createMoments(data.now);
  let list: LiveList = data;
  const draw = () => render(runTable(list.runs, moment()), container);
  const isLive = () => list.runs.some(({ run }) => !isTerminal(run.status));
  const drawing = createDrawing(draw, { isLive });
  draw();

  const asked = new Set<string>();
  async function ask(id: string): Promise<void> {
    if (asked.has(id)) return;
    asked.add(id);
    const details = await fetchJson(RunDetails, `/runs/${id}`);
    asked.delete(id);
    if (details === undefined) return;
    list = addDetails(list, details);
    drawing.request();
  }

  void followStream({
    path: "/events",
    after: data.after === "" ? undefined : data.after,
    state: createStreamState(stateElement),
    onEvent(event) {
      const told = readJson(SeenEvent, event.data);
      if (told === undefined) return;
      const next = applyListEvent(list, told);
      list = next.list;
      if (next.missing !== undefined) void ask(next.missing);
      drawing.request();
    },
    onReconnect: () => void reloadIfForgotten(list),
  });
}

/** A server whose bus was in memory begins anew, at places that were passed long ago: its events would be missed. */
async function reloadIfForgotten({ runs }: LiveList): Promise<void> {
  const newest = runs[0]?.run.id;
  const now = await fetchJson(RunList, "/runs?limit=1");
  if (newest === undefined || now === undefined) return;
  if ((now.runs[0]?.id ?? "") < newest) location.reload();
}

/** Undefined where it can't be had. */
async function fetchJson<S extends v.GenericSchema>(schema: S, path: string): Promise<v.InferOutput<S> | undefined> {
  try {
    const response = await fetch(path, { headers: { Accept: "application/json" }, cache: "no-store" });
    return response.ok ? readJson(schema, await response.text()) : undefined;
  } catch {
    return undefined;
  }
}
