/** A run's page while it is open: its parts follow the run's events, its log goes on. */
import { render } from "hono/jsx/dom";
import * as v from "valibot";
import { isTerminal } from "../../contract/events.ts";
import { RunDetails } from "../../contract/runs-api/run-details.ts";
import { SeenEvent } from "../../contract/runs-api/seen-event.ts";
import type { Element as PageElement } from "../element.ts";
import { applyRunEvent } from "../../runs/apply-run-event.ts";
import { failureCard } from "../view/failure-card.ts";
import type { Moment } from "../view/moment.ts";
import { runFacts, runOutputs, runWarnings } from "../view/run-facts.ts";
import { runHead } from "../view/run-head.ts";
import { timeline } from "../view/timeline.ts";
import { describeStatus } from "../view/words.ts";
import { startCancel } from "./cancel.ts";
import { createDrawing } from "./draw.ts";
import { followStream } from "./follow-stream.ts";
import { startLog } from "./log/start-log.ts";
import { createMoments } from "./moment.ts";
import { readJson, readLiveData } from "./read-json.ts";
import { createStreamState, shareStreamState } from "./stream-state.ts";

const RunData = v.object({ details: RunDetails, now: v.number(), after: v.string() });

type Part = (run: RunDetails, moment: Moment) => PageElement | null;
const parts: Readonly<Record<string, Part>> = {
  head: runHead,
  failure: failureCard,
  timeline,
  outputs: runOutputs,
  warnings: runWarnings,
  facts: runFacts,
};

export function startRun(container: HTMLElement, stateElement: HTMLElement): void {
  const data = readLiveData(RunData, container);
  if (data === undefined) return;
  const moment = createMoments(data.now);
  const newState = shareStreamState(createStreamState(stateElement));
  const cancel = startCancel(container);
  const announcement = container.querySelector("#run-state");
  let run = data.details;
  const isLive = () => !isTerminal(run.status);
  const drawing = createDrawing(draw, { isLive });

  function draw(): void {
    const now = moment();
    for (const element of container.querySelectorAll<HTMLElement>("[data-part]"))
      render(parts[element.dataset["part"] ?? ""]?.(run, now) ?? null, element);
  }

  draw();
  startLog(container, { runId: run.id, state: newState(), isLive });
  if (!isLive()) return;
  void followStream({
    path: `/runs/${run.id}/events`,
    after: data.after,
    state: newState(),
    onEvent(event) {
      const told = readJson(SeenEvent, event.data);
      if (told === undefined) return;
      const before = run.status;
      run = applyRunEvent(run, told);
      if (run.status !== before && announcement !== null) announcement.textContent = describeStatus(run.status);
      if (!isLive()) cancel.runEnded();
      drawing.request();
    },
  });
}
