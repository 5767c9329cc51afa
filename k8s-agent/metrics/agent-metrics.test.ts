import { Registry } from "prom-client";
import { expect, test } from "vitest";
import { createAgentMetrics } from "./agent-metrics.ts";

const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1) + 1000 * seconds);

function arrange() {
  const registry = new Registry();
  const observer = createAgentMetrics(registry, { capacity: 7 });
  /** The samples whose line begins so, as `name{labels} value`. */
  const read = async (start: string) => (await registry.metrics()).split("\n").filter((line) => line.startsWith(start));
  return { observer, read };
}

test("a run that is carried out here leaves its wait, its phases, its duration and its end", async () => {
  const { observer, read } = arrange();
  const common = { action: "create", requestedAt: at(0) } as const;
  observer.eventStored({ ...common, kind: "accepted", time: at(3), left: { phase: "requested", since: at(1) } });
  observer.eventStored({ ...common, kind: "starting", time: at(4), left: { phase: "accepted", since: at(3) } });
  observer.eventStored({ ...common, kind: "running", time: at(6), left: { phase: "starting", since: at(4) } });
  observer.eventStored({ ...common, kind: "warned", time: at(7) });
  observer.eventStored({
    ...common,
    kind: "failed",
    time: at(16),
    reason: "exit-code",
    left: { phase: "running", since: at(6) },
  });
  expect(await read("container_driver_run_queue_wait_seconds_sum")).toEqual([
    "container_driver_run_queue_wait_seconds_sum 3",
  ]);
  expect(await read("container_driver_run_phase_duration_seconds_sum")).toEqual([
    'container_driver_run_phase_duration_seconds_sum{phase="accepted"} 1',
    'container_driver_run_phase_duration_seconds_sum{phase="starting"} 2',
    'container_driver_run_phase_duration_seconds_sum{phase="running"} 10',
  ]);
  expect(await read("container_driver_run_duration_seconds_sum")).toEqual([
    'container_driver_run_duration_seconds_sum{action="create",result="failed"} 16',
  ]);
  expect(await read("container_driver_run_warnings_total")).toEqual(["container_driver_run_warnings_total 1"]);
  const ends = (await read("container_driver_runs_ended_total{")).filter((line) => !line.endsWith(" 0"));
  expect(ends).toEqual(['container_driver_runs_ended_total{action="create",result="failed",reason="exit-code"} 1']);
});

test("every way to end is there before the first run", async () => {
  const { read } = arrange();
  const ends = await read("container_driver_runs_ended_total{");
  for (const way of ['result="succeeded",reason=""', 'result="cancelled",reason="cancelled"', 'reason="out-of-memory"'])
    expect(ends.filter((line) => line.includes(way) && line.endsWith(" 0"))).toHaveLength(2);
});

test("a reason of nobody's list is no label of its own", async () => {
  const { observer, read } = arrange();
  observer.eventStored({ kind: "failed", action: "destroy", time: at(0), reason: "made up by a newer version" });
  expect(await read('container_driver_runs_ended_total{action="destroy",result="failed",reason="other"}')).toEqual([
    'container_driver_runs_ended_total{action="destroy",result="failed",reason="other"} 1',
  ]);
});

test("clocks that differ make no duration negative", async () => {
  const { observer, read } = arrange();
  observer.eventStored({ kind: "accepted", action: "create", time: at(0), requestedAt: at(5) });
  expect(await read("container_driver_run_queue_wait_seconds_sum")).toEqual([
    "container_driver_run_queue_wait_seconds_sum 0",
  ]);
});

test("runs that are held are counted while they are, redelivered ones also as such", async () => {
  const { observer, read } = arrange();
  const done = observer.requestTaken({ deliveries: 1 });
  observer.requestTaken({ deliveries: 3 });
  expect(await read("container_driver_runs_held ")).toEqual(["container_driver_runs_held 2"]);
  done();
  expect(await read("container_driver_runs_held ")).toEqual(["container_driver_runs_held 1"]);
  expect(await read("container_driver_runs_capacity ")).toEqual(["container_driver_runs_capacity 7"]);
  expect(await read("container_driver_requests_taken_total")).toEqual(["container_driver_requests_taken_total 2"]);
  expect(await read("container_driver_requests_redelivered_total")).toEqual([
    "container_driver_requests_redelivered_total 1",
  ]);
});

test("a log's chunks, bytes and gaps are counted, gaps of unknown size as well", async () => {
  const { observer, read } = arrange();
  observer.chunkStored({ bytes: 100 });
  observer.chunkStored({ bytes: 0, gap: { bytes: 50 } });
  observer.chunkStored({ bytes: 20, gap: {} });
  expect(await read("container_driver_log_")).toEqual([
    "container_driver_log_bytes_total 120",
    "container_driver_log_chunks_total 3",
    "container_driver_log_gaps_total 2",
    "container_driver_log_missing_bytes_total 50",
  ]);
});
