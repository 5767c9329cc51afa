/** What pages do beyond being read, where scripts run. */
import { startList } from "./list.ts";
import { startRun } from "./run.ts";

const starts: Readonly<Record<string, (container: HTMLElement, state: HTMLElement) => void>> = {
  list: startList,
  run: startRun,
};

const page = document.body.dataset["page"] ?? "";
const container = document.getElementById(page === "list" ? "runs" : page);
const state = document.getElementById("stream-state");
if (container !== null && state !== null) starts[page]?.(container, state);
