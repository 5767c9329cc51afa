import { Watch, type V1Job, type V1Pod } from "@kubernetes/client-node";
import { openFaultStage, type FaultStage } from "../../../test/cluster/faults/fault-stage.ts";
import { buildPodRequest } from "../../../test/cluster/faults/pod-run.ts";
import { mainImage } from "../../../test/cluster/support/helper-pod.ts";
import { createGuresid, type DriverClient } from "../../../test/support/driver-client.ts";
import { interleave } from "../interleave.ts";
import { buildRatio, type BenchOptions, type SectionReport } from "../report.ts";

const text = `What a run in a cluster takes beside a bare Job of the same container, both in the same namespace of the same cluster, one at
a time. *PUT to main started*: from before the PUT is sent (for the bare Job: before it is created) until main's first command has
reached this machine. *Main's exit to the answer*: from main's last command until the orchestrator has its 200, held by
\`Prefer: wait\` (for the bare Job: until a watch on its pod says that the container has ended). What the first ratio is more than 1 for:
the broker, a Secret, setup as an init container and the collector as a sidecar, each of which the kubelet starts by itself; for
the second: the collector, its sealed line, the log's end and the stored result.`;

/** One run's times, milliseconds. */
interface Times {
  readonly started: number;
  readonly answered: number;
}

type Measure = (name: string) => Promise<Times>;

export async function measureKubernetes({ quick, say }: BenchOptions): Promise<SectionReport> {
  const closers: (() => Promise<void>)[] = [];
  const context = {
    onTestFinished: (close: () => Promise<void>) => void closers.push(close),
    onTestFailed: () => undefined,
  };
  try {
    const stage = await openFaultStage(context);
    const driver = await stage.openFrontDoor();
    await stage.startAgent();
    const variants = { run: createRunMeasure(stage, driver), job: createJobMeasure(stage) };
    say("kubernetes: runs and bare Jobs");
    for (const [name, measure] of Object.entries(variants)) await measure(`warm-${name}`);
    const { started, answered } = await measureTimes(quick ? 1 : 10, variants);
    return {
      title: "Kubernetes: a run beside a bare Job",
      text,
      rows: [
        buildRatio("PUT to main started", started, { unit: "ms" }),
        buildRatio("main's exit to the answer", answered, { unit: "ms" }),
      ],
    };
  } finally {
    for (const close of closers.toReversed()) await close();
  }
}

type Pair = readonly [readonly number[], readonly number[]];

/** The start is the figure that rounds are interleaved by; the answer comes with it. */
async function measureTimes(
  rounds: number,
  { run, job }: Record<"run" | "job", Measure>,
): Promise<{ started: Pair; answered: Pair }> {
  const answered = { run: [] as number[], job: [] as number[] };
  const time = (kind: "run" | "job", measure: Measure) => async () => {
    const times = await measure(`${kind}-${answered[kind].length}`);
    answered[kind].push(times.answered);
    return times.started;
  };
  const started = await interleave(rounds, { run: time("run", run), job: time("job", job) });
  return { started: [started.run, started.job], answered: [answered.run, answered.job] };
}

const buildScript = ({ witness }: FaultStage, name: string) =>
  `${witness.tell(`${name}.started`, "x")}; ${witness.tell(`${name}.ended`, "x")}`;

function readTimes({ witness }: FaultStage, { name, begun }: { name: string; begun: number }): Times {
  const now = performance.now();
  return { started: witness.readTime(`${name}.started`) - begun, answered: now - witness.readTime(`${name}.ended`) };
}

function createRunMeasure(stage: FaultStage, driver: DriverClient): Measure {
  return async (name) => {
    const begun = performance.now();
    const answer = await driver.provision(createGuresid(), buildPodRequest(buildScript(stage, name)));
    if (answer.status !== 200) throw new Error(`Cannot measure a run: ${answer.status} ${answer.text}`);
    return readTimes(stage, { name, begun });
  };
}

function createJobMeasure(stage: FaultStage): Measure {
  const { batch, kubeConfig, namespace } = stage.place;
  return async (name) => {
    const ended = Promise.withResolvers<void>();
    const watching = await new Watch(kubeConfig).watch(
      `/api/v1/namespaces/${namespace}/pods`,
      { labelSelector: `job-name=${name}` },
      (_, pod: V1Pod) => {
        if (pod.status?.containerStatuses?.[0]?.state?.terminated !== undefined) ended.resolve();
      },
      (error) => ended.reject(new Error("Cannot measure a Job: its watch ended", { cause: error })),
    );
    const begun = performance.now();
    await batch.createNamespacedJob({ namespace, body: buildJob(name, buildScript(stage, name)) });
    await ended.promise;
    const times = readTimes(stage, { name, begun });
    watching.abort();
    await batch.deleteNamespacedJob({ namespace, name, propagationPolicy: "Background" });
    return times;
  };
}

function buildJob(name: string, script: string): V1Job {
  const main = { name: "main", image: mainImage, command: ["/bin/sh", "-c", script] };
  return {
    metadata: { name },
    spec: { backoffLimit: 0, template: { spec: { restartPolicy: "Never", containers: [main] } } },
  };
}
