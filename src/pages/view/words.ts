/** What people read of phases and statuses. */
import { isTerminal, type Phase } from "../../contract/events.ts";
import type { StageName } from "../../runs/list-stages.ts";

/** What a run does in each stage. */
const stageWords: Readonly<Record<StageName, string>> = {
  requested: "Queued",
  accepted: "Taken by an agent",
  starting: "Image pull and setup",
  placing: "Placing on a node",
  setup: "Setup",
  "image-pull": "Image pull",
  running: "Main",
  collecting: "Collect outputs",
  succeeded: "Succeeded",
  failed: "Failed",
  cancelled: "Cancelled",
};

/** A status in one word. */
const statusWords: Readonly<Record<Phase, string>> = {
  requested: "Queued",
  accepted: "Accepted",
  starting: "Starting",
  running: "Running",
  collecting: "Collecting",
  succeeded: "Succeeded",
  failed: "Failed",
  cancelled: "Cancelled",
};

export function describeStage(stage: StageName): string {
  return stageWords[stage];
}

export function describeStatus(status: Phase): string {
  return statusWords[status];
}

/** How a status looks: all that go on look alike. */
export function toneOf(status: Phase): string {
  if (isTerminal(status)) return status;
  return status === "requested" ? "waiting" : "live";
}
