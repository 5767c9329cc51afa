/** Each case as a real cluster showed it (`recorded`), and what a run's owner is told of it. */
import { readFileSync } from "node:fs";
import type { CoreV1Event, V1Job, V1Pod } from "@kubernetes/client-node";
import { describe, expect, test } from "vitest";
import { parseJson } from "../../../src/contract/json.ts";
import { diagnose } from "./diagnose.ts";
import { defaultGraces, type Diagnosis, type Sighting } from "./sighting.ts";

interface Recorded {
  readonly job: V1Job;
  readonly pod?: V1Pod;
  readonly warnings?: CoreV1Event[];
}

function readRecorded(name: string): Sighting {
  const parsed = parseJson(readFileSync(new URL(`recorded/${name}.json`, import.meta.url), "utf8"));
  if (!parsed.ok) throw new Error(parsed.problem);
  const { job, pod, warnings = [] } = parsed.value as unknown as Recorded;
  const base = { job, jobGone: false, pod, podGone: false, warnings, stopped: false, killed: false };
  return { ...base, pullFailingSince: undefined };
}

/** A copy of an object of Kubernetes', with other parts. */
function alter<T extends object>(object: T | undefined, changes: Partial<T>): T {
  if (object === undefined) throw new Error("Cannot alter what was not recorded");
  return Object.assign(structuredClone(object), changes);
}

const graces = defaultGraces;
const start = Date.parse("2026-11-23T00:29:00Z");

/** `after`: seconds since about when it was recorded. */
function judge(name: string, { after = 0, ...changes }: Partial<Sighting> & { after?: number } = {}): Diagnosis {
  return diagnose({ ...readRecorded(name), ...changes }, { graces, now: start + after * 1000 });
}

describe("at once", () => {
  const cases: [name: string, cause: object, hasRun: boolean][] = [
    ["exited-0", { kind: "exited", exitCode: 0 }, true],
    ["exited-3", { kind: "exited", exitCode: 3 }, true],
    [
      "bad-command",
      {
        kind: "start-failed",
        message: expect.stringMatching(/^Cannot start the command no-such-program: .*executable file not found/),
        evidence: { container: "main", command: "no-such-program", exitCode: 128, reason: "StartError" },
      },
      true,
    ],
    [
      "oom-main",
      {
        kind: "out-of-memory",
        message:
          "Cannot go on: container main ran out of memory (its memory limit of 32Mi), and a process of it was killed",
        evidence: { container: "main", limit: "32Mi", exitCode: 137, reason: "OOMKilled" },
      },
      true,
    ],
    ["oom-child", { kind: "out-of-memory", evidence: { container: "main", exitCode: 0 } }, true],
    ["oom-setup", { kind: "out-of-memory", evidence: { container: "setup", limit: "32Mi" } }, false],
    ["oom-collector", { kind: "out-of-memory", evidence: { container: "collector", limit: "32Mi" } }, false],
    ["oom-collector-again", { kind: "out-of-memory", evidence: { container: "collector", limit: "32Mi" } }, false],
    [
      "image-invalid",
      {
        kind: "image-invalid",
        message: expect.stringMatching(/^Cannot use the image UPPER:::bad of container main: .*must be lowercase/),
        evidence: { container: "main", image: "UPPER:::bad", reason: "InvalidImageName" },
      },
      false,
    ],
    ["image-never-pulled", { kind: "image-pull-failed", evidence: { image: "nothere:1" } }, false],
    [
      "secret-in-variable",
      { kind: "secret-missing", message: 'Cannot start container main: secret "missing" not found' },
      false,
    ],
    ["key-in-secret", { kind: "secret-missing", message: expect.stringContaining("key nokey in Secret") }, false],
    [
      "config-map-in-variable",
      { kind: "config-map-missing", message: 'Cannot start container main: configmap "missing" not found' },
      false,
    ],
    [
      "secret-in-volume",
      { kind: "secret-missing", evidence: { event: expect.stringContaining("FailedMount") } },
      false,
    ],
    ["config-map-in-volume", { kind: "config-map-missing", message: expect.stringContaining('"missing"') }, false],
    ["config-error", { kind: "config-error", message: expect.stringContaining("runAsNonRoot") }, false],
    [
      "service-account",
      { kind: "service-account-missing", evidence: { event: expect.stringContaining('serviceaccount "missing"') } },
      false,
    ],
    [
      "quota",
      {
        kind: "quota-exceeded",
        message: expect.stringMatching(/^Cannot make the run's pod: .*exceeded quota: q, requested: pods=1/),
        evidence: { event: expect.stringMatching(/^FailedCreate: Error creating: /) },
      },
      false,
    ],
    ["limit-range", { kind: "admission-refused", message: expect.stringContaining("maximum memory usage") }, false],
    [
      "evicted",
      { kind: "evicted", message: expect.stringContaining('Usage of EmptyDir volume "e" exceeds the limit "5Mi"') },
      false,
    ],
    ["deadline", { kind: "deadline", evidence: { limit: 8, exitCode: 9 } }, true],
    ["pod-deleted", { kind: "pod-deleted", evidence: { exitCode: 137, container: "main" } }, true],
  ];
  test.each(cases)("%s", (name, cause, hasRun) => {
    expect(judge(name)).toMatchObject({ kind: "ended", cause, hasRun });
  });
});

describe("what setup has reported", () => {
  const withReport = (message: string): Sighting => {
    const sighting = readRecorded("setup-failed");
    const [setup] = sighting.pod?.status?.initContainerStatuses ?? [];
    if (setup?.state?.terminated !== undefined) setup.state.terminated.message = message;
    return sighting;
  };
  const judgeReport = (message: string) => diagnose(withReport(message), { graces, now: start });

  test("a problem is the failure's message, in its own words", () => {
    expect(judgeReport("{}\nCannot fetch https://host/app.git: no such repository")).toEqual({
      kind: "ended",
      hasRun: false,
      cause: {
        kind: "setup-failed",
        message: "Cannot fetch https://host/app.git: no such repository",
        evidence: { container: "setup", exitCode: 1 },
      },
    });
  });

  test("an unchanged source is no failure", () => {
    expect(judgeReport('{"unchanged":true}\n')).toMatchObject({ kind: "ended", cause: { kind: "unchanged" } });
  });

  test("nothing that can be read is a fault of ours", () => {
    expect(judgeReport("Segmentation fault")).toMatchObject({
      cause: { kind: "helper-failed", message: expect.stringContaining("exited with code 1 (Segmentation fault)") },
    });
  });
});

describe("with patience", () => {
  test("an image that can't be pulled has its grace, whichever of its two states is seen, then the registry's words", () => {
    for (const name of ["err-image-pull", "image-pull-back-off"]) {
      expect(judge(name, { pullFailingSince: start, after: 29 })).toEqual({
        kind: "starting",
        recheckAt: start + 30_000,
      });
      expect(judge(name, { pullFailingSince: start, after: 30 })).toMatchObject({
        kind: "ended",
        cause: {
          kind: "image-pull-failed",
          message: expect.stringMatching(/^Cannot pull the image localhost:1\/none:1 of container main: .*refused/),
          evidence: { container: "main", image: "localhost:1/none:1" },
        },
      });
    }
  });

  test("the helpers' own image is no fault of the run's", () => {
    const diagnosis = judge("helper-image", { pullFailingSince: start, after: 30 });
    expect(diagnosis).toMatchObject({ cause: { kind: "helper-failed", evidence: { container: "setup" } } });
  });

  test.each([
    ["unschedulable", "didn't match Pod's node affinity"],
    ["too-big", "Insufficient memory"],
    ["volume-claim", 'persistentvolumeclaim "missing" not found'],
  ])("a pod without a node waits for one: %s", (name, said) => {
    expect(judge(name, { after: 10 })).toMatchObject({ kind: "starting", recheckAt: expect.any(Number) });
    expect(judge(name, { after: 900 })).toMatchObject({
      kind: "ended",
      cause: { kind: "unschedulable", message: expect.stringContaining(said), evidence: { limit: 300 } },
    });
  });

  test("a Job that makes no pod has a minute", () => {
    const { job } = readRecorded("starting");
    const bare = { job: alter(job, { status: {} }), pod: undefined, warnings: [] };
    expect(judge("starting", { ...bare, after: 30 })).toMatchObject({ kind: "starting" });
    expect(judge("starting", { ...bare, after: 130 })).toMatchObject({
      kind: "ended",
      cause: { kind: "no-pod", message: expect.stringContaining("60 seconds") },
    });
  });

  test("a Job whose pod is on its way, or that a queue holds, is waited for", () => {
    const { job } = readRecorded("starting");
    const held = { type: "Suspended", status: "True" };
    for (const status of [{ active: 1 }, { conditions: [held] }]) {
      const sighting = { job: alter(job, { status }), pod: undefined };
      expect(judge("starting", { ...sighting, after: 900 })).toEqual({ kind: "starting" });
    }
  });

  test("a refusal that may pass is told only when the Job still has no pod after its time", () => {
    const { warnings } = readRecorded("quota");
    const message = "Error creating: Internal error occurred: failed calling webhook: connection refused";
    const passing = warnings.map((warning) => alter(warning, { message }));
    expect(judge("quota", { warnings: passing, after: 400 })).toMatchObject({ kind: "starting" });
    expect(judge("quota", { warnings: passing, after: 900 })).toMatchObject({
      cause: { kind: "no-pod", message: expect.stringContaining("webhook") },
    });
  });
});

describe("a pod that goes", () => {
  test("is followed until main has ended", () => {
    expect(judge("pod-deleting")).toMatchObject({ kind: "running", recheckAt: expect.any(Number) });
  });

  test("and whose node says nothing any more is lost with it", () => {
    expect(judge("pod-deleting", { after: 900 })).toMatchObject({
      kind: "ended",
      hasRun: true,
      cause: { kind: "node-lost", evidence: { node: "node1" } },
    });
  });

  test("as Kubernetes has lost the node is lost at once", () => {
    const { pod } = readRecorded("pod-deleting");
    const condition = {
      type: "DisruptionTarget",
      status: "True",
      reason: "DeletionByTaintManager",
      message: "node is gone",
    };
    const status = alter(pod?.status, { conditions: [condition] });
    expect(judge("pod-deleting", { pod: alter(pod, { status }) })).toMatchObject({
      kind: "ended",
      cause: { kind: "node-lost", message: "Cannot finish the run: its node is lost: node is gone" },
    });
  });

  test.each(["EvictionByEvictionAPI", "PreemptionByScheduler", "TerminationByKubelet"])(
    "by %s is evicted",
    (reason) => {
      const { pod } = readRecorded("pod-deleted");
      const status = alter(pod?.status, {
        conditions: [{ type: "DisruptionTarget", status: "True", reason, message: "why" }],
      });
      expect(judge("pod-deleted", { pod: alter(pod, { status }) })).toMatchObject({
        cause: { kind: "evicted", message: expect.stringContaining("why"), evidence: { exitCode: 137 } },
      });
    },
  );

  test("and is gone before anybody saw it end was deleted", () => {
    expect(judge("running", { podGone: true })).toMatchObject({
      kind: "ended",
      cause: { kind: "pod-deleted" },
      hasRun: true,
    });
  });

  test("with its Job is told so", () => {
    const cause = { kind: "pod-deleted", message: "Cannot finish the run: somebody deleted its Job" };
    expect(judge("job-deleted", { jobGone: true })).toMatchObject({ kind: "ended", cause });
    expect(judge("starting", { pod: undefined, jobGone: true })).toMatchObject({ kind: "ended", cause, hasRun: false });
  });

  test("because we have stopped it ends as main has ended", () => {
    expect(judge("pod-deleted", { stopped: true })).toMatchObject({ cause: { kind: "exited", exitCode: 137 } });
    expect(judge("halted-unseen", { stopped: true })).toMatchObject({ cause: { kind: "lost" }, hasRun: true });
    expect(judge("running", { stopped: true, podGone: true })).toMatchObject({ cause: { kind: "lost" }, hasRun: true });
  });

  test("after its main had failed leaves that failure as it was", () => {
    const sighting = readRecorded("exited-3");
    const metadata = alter(sighting.pod?.metadata, { deletionTimestamp: new Date(start + 3_600_000) });
    expect(judge("exited-3", { pod: alter(sighting.pod, { metadata }) })).toMatchObject({
      cause: { kind: "exited", exitCode: 3 },
    });
  });

  test("while main ends well makes no failure of a success", () => {
    const sighting = readRecorded("exited-0");
    const metadata = alter(sighting.pod?.metadata, { deletionTimestamp: new Date(start + 20_000) });
    expect(judge("exited-0", { pod: alter(sighting.pod, { metadata }) })).toMatchObject({
      cause: { kind: "exited", exitCode: 0 },
    });
  });

  test("and nobody was there: what the Job says counts", () => {
    const gone = { pod: undefined };
    expect(judge("deadline", gone)).toMatchObject({
      kind: "ended",
      cause: { kind: "deadline", evidence: { limit: 8 } },
    });
    expect(judge("exited-3", gone)).toMatchObject({
      cause: { kind: "lost", message: expect.stringContaining("BackoffLimitExceeded") },
    });
    expect(judge("halted-unseen", gone)).toMatchObject({ cause: { kind: "pod-deleted" } });
    const { job } = readRecorded("exited-0");
    const status = { conditions: [{ type: "Complete", status: "True" }] };
    expect(judge("exited-0", { pod: undefined, job: alter(job, { status }) })).toMatchObject({
      cause: { kind: "exited", exitCode: 0 },
      hasRun: false,
    });
  });
});

test("stages are told as they are", () => {
  expect(judge("starting")).toEqual({ kind: "starting" });
  expect(judge("running")).toEqual({ kind: "running" });
});
