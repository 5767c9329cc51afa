import { expect, test } from "vitest";
import { defaultGraces } from "../diagnosis/sighting.ts";
import { buildPod, createScriptedCluster, job, quiet, runId } from "./cluster.fixture.ts";
import { createTrackers } from "./trackers.ts";

function arrange() {
  const cluster = createScriptedCluster();
  const { api, store } = cluster;
  const getKey = async () => undefined;
  const trackers = createTrackers({ api, store, getKey, graces: defaultGraces, logger: quiet, now: () => new Date(0) });
  const sightNow = () => {
    const tracker = trackers.take(runId);
    trackers.release(tracker);
    return tracker.sighting;
  };
  return { ...cluster, trackers, sightNow };
}

const running = buildPod({ main: { running: { startedAt: new Date(0) } } });

test("that we stop a run is known to who follows it next", () => {
  const { trackers, show, sightNow } = arrange();
  show({ job, pod: running });
  trackers.mark(runId, { stopped: true });
  trackers.mark(runId, { stopped: true, killed: true });
  expect(sightNow()).toMatchObject({ stopped: true, killed: true });
  expect(sightNow()).toMatchObject({ stopped: true, killed: true });
});

test("what was said of a run is forgotten when it is gone, whoever has removed it, and followed or not", () => {
  const { trackers, show, clear, sightNow } = arrange();
  for (const isFollowed of [false, true]) {
    show({ job, pod: running });
    const tracker = isFollowed ? trackers.take(runId) : undefined;
    trackers.mark(runId, { stopped: true });
    clear();
    if (tracker !== undefined) trackers.release(tracker);
    show({ job, pod: running });
    expect(sightNow()).toMatchObject({ stopped: false });
    clear();
  }
});

test("what is said of a run of which nothing is there is said to who follows it, and not kept", () => {
  const { trackers, show, clear, sightNow } = arrange();
  show({ job, pod: running });
  const tracker = trackers.take(runId);
  clear();
  trackers.mark(runId, { stopped: true });
  expect(tracker.sighting).toMatchObject({ stopped: true });
  trackers.release(tracker);
  show({ job, pod: running });
  expect(sightNow()).toMatchObject({ stopped: false });
});
