/** Creates a run's Secret and its Job, or finds them: never two Jobs, as their name comes from the run's id. */
import type { V1Job } from "@kubernetes/client-node";
import type { Run } from "../../../src/contract/run.ts";
import type { TraceCarrier } from "../../../src/contract/trace-context.ts";
import { buildWorkload, ownJob, type Workload } from "../../job/build-workload.ts";
import type { JobSettings } from "../../job/settings.ts";
import type { Launched } from "../../launch/launcher.ts";
import { ApiRefusal, type ClusterApi } from "../api/cluster-api.ts";
import { classifyRefusal } from "../diagnosis/warnings.ts";
import type { WorkloadStore } from "../workloads/workload-store.ts";
import { createNotifier, until } from "./notifier.ts";
import { getRef } from "./refs.ts";

export interface LaunchRunOptions {
  readonly api: ClusterApi;
  readonly store: WorkloadStore;
  readonly settings: JobSettings;
  readonly collectorKey: string;
  readonly mustExist: boolean;
  /** The trace that main is to go on with. */
  readonly trace?: TraceCarrier | undefined;
  readonly signal: AbortSignal;
  /** Throws when the run mustn't be launched any more. */
  readonly throwIfLost?: (() => void) | undefined;
}

/** The store has to show what was made before anybody may ask for it. */
const appearMilliseconds = 30_000;

export async function launchRun(run: Run, options: LaunchRunOptions): Promise<Launched> {
  const { store, signal } = options;
  const { runId } = run.order;
  await store.ready(signal);
  const built = buildWorkload(run, options);
  const warnings = built.ok ? built.value.warnings : [];
  if (store.get(runId).job !== undefined) return { kind: "existing", warnings };
  if (!built.ok) return { kind: "refused", message: built.problem };
  // It may have been made a moment ago, by a replica that is gone.
  if (options.mustExist && !(await isThere(built.value.job, options))) return { kind: "missing" };
  const created = options.mustExist ? "existing" : await create(built.value, options);
  if (typeof created !== "string") return created;
  await awaitJob(runId, options);
  return { kind: created, warnings };
}

async function isThere(job: V1Job, { api, signal }: LaunchRunOptions): Promise<boolean> {
  return (await api.readJob(getRef(job), signal)) !== undefined;
}

async function create(
  { secret, job }: Workload,
  { api, signal, throwIfLost }: LaunchRunOptions,
): Promise<"launched" | "existing" | Extract<Launched, { kind: "refused" }>> {
  const ref = getRef(job);
  try {
    for (;;) {
      throwIfLost?.();
      const made = await api.createSecret(secret, signal);
      // A replica that died in between has left it; or another one removes it just now.
      const uid = made.kind === "created" ? made.uid : (await api.readSecret(ref, signal))?.metadata?.uid;
      if (uid === undefined) continue;
      throwIfLost?.();
      const launched = await api.createJob(ownJob(job, { name: ref.name, uid }), signal);
      return launched.kind === "created" ? "launched" : "existing";
    }
  } catch (error) {
    if (!(error instanceof ApiRefusal)) throw error;
    // Nobody would find it: it belongs to no Job.
    await api.deleteSecret(ref, signal).catch(ignoreRefusal);
    return explainRefusal(error);
  }
}

/** An agent that may not make Secrets in a namespace may not delete them there either. */
function ignoreRefusal(error: unknown): void {
  if (!(error instanceof ApiRefusal)) throw error;
}

/** Whose fault it is: a quota's, an admission's, or the agent's own, which the run's owner can't mend. */
function explainRefusal(refusal: ApiRefusal): Extract<Launched, { kind: "refused" }> {
  const { message, status, reason } = refusal;
  const evidence = { status, reason };
  const own = explainOwnTrouble(refusal);
  if (own !== undefined) return { kind: "refused", mayPass: true, message: `${message}; ${own}`, evidence };
  const kind = classifyRefusal(message);
  if (kind === "no-pod" || status === 404) return { kind: "refused", message, evidence };
  return { kind: "refused", message, reason: kind, evidence };
}

/** How the API server words what an authorizer, such as RBAC, has refused: admission has other words. */
const missingRight =
  /is forbidden: User "([^"]+)" cannot (\w+) resource "([^"]+)" in API group "([^"]*)" in the namespace "([^"]+)"/;

/** A token that was replaced a moment ago, or a Role that is applied a moment later: what its operator has to look at. */
function explainOwnTrouble({ message, status }: ApiRefusal): string | undefined {
  if (status === 401) return "the API server does not accept the agent's credentials";
  const [, user, verb, resource, group, namespace] = missingRight.exec(message) ?? [];
  if (status !== 403 || resource === undefined) return undefined;
  const what = group ? `${resource}.${group}` : resource;
  return `the agent needs that right: kubectl auth can-i ${verb} ${what} --namespace ${namespace} --as ${user}`;
}

async function awaitJob(runId: string, { store, signal }: LaunchRunOptions): Promise<void> {
  const { notify, changed } = createNotifier();
  const unsubscribe = store.subscribe(runId, notify);
  const patience = AbortSignal.any([signal, AbortSignal.timeout(appearMilliseconds)]);
  try {
    const hasAppeared = await until(() => store.get(runId).job !== undefined, { changed, signal: patience });
    signal.throwIfAborted();
    if (!hasAppeared)
      throw new Error(`Cannot follow run ${runId}: its Job was made, but no watch has shown it within 30 seconds`);
  } finally {
    unsubscribe();
  }
}
