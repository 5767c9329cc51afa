/** kill -9 of the agent at each of its steps, found by what it says to the broker and to the API server; then another goes on. */
import { describe, expect, test, type TestContext } from "vitest";
import { createGuresid, readValues, type DriverClient } from "../../support/driver-client.ts";
import { readRunId } from "../../support/story.ts";
import { settleWithin, waitUntil } from "../../support/wait-until.ts";
import { holdAnswer, holdBefore, isEvent, isFinish, isLogChunk, type Said } from "../../faults/moments.ts";
import type { NatsProxy } from "../../faults/proxy/nats-proxy.ts";
import { awaitEvent } from "../../faults/run-story.ts";
import type { AgentProgram } from "../../faults/stage.ts";
import type { ApiProxy, Matcher } from "../support/api-proxy.ts";
import { openFaultStage, type FaultStage } from "./fault-stage.ts";
import { buildCountedPodRequest } from "./pod-run.ts";
import { expectSettledOnce } from "./settled.ts";

interface Scene {
  readonly stage: FaultStage;
  readonly driver: DriverClient;
  readonly victim: AgentProgram;
  readonly proxy: NatsProxy;
  readonly api: ApiProxy;
}

/** Arms whatever tells that the moment has come; resolves at that moment. */
type Moment = (scene: Scene) => Promise<unknown>;

const before =
  (said: Said): Moment =>
  ({ proxy }) =>
    holdBefore(proxy, said).caught;
const unanswered =
  (said: Said): Moment =>
  ({ proxy }) =>
    holdAnswer(proxy, said).caught;

/** Longer than the victim lives. */
const heldMilliseconds = 60_000;

/** Holds what the agent asks of the API server, from the `nth` time on. */
function holdCall(api: ApiProxy, { isCall, nth = 1 }: { isCall: Matcher; nth?: number }): Promise<unknown> {
  api.delay(isCall, heldMilliseconds);
  return waitUntil("the agent asks the API server", () => countCalls(api, isCall) >= nth, { seconds: 60 });
}

function countCalls({ requests }: ApiProxy, isCall: Matcher): number {
  return requests.filter((request) => {
    const [method = "", url = ""] = request.split(" ");
    return isCall({ method, url });
  }).length;
}

const isSecretMade: Matcher = ({ method, url }) => method === "POST" && url.endsWith("/secrets");
const isJobMade: Matcher = ({ method, url }) => method === "POST" && url.endsWith("/jobs");
const isSecretDeleted: Matcher = ({ method, url }) => method === "DELETE" && url.includes("/secrets/");

const beforeCall =
  (isCall: Matcher): Moment =>
  ({ api }) =>
    holdCall(api, { isCall });
/** Done, and the agent doesn't know: it asks again. */
const unansweredCall =
  (isCall: Matcher): Moment =>
  ({ api }) => {
    api.loseAnswer(isCall);
    return holdCall(api, { isCall, nth: 2 });
  };
const podIs =
  (what: string, phases: readonly string[]): Moment =>
  ({ stage: { place } }) =>
    waitUntil(
      what,
      async () => {
        const { items } = await place.core.listNamespacedPod({ namespace: place.namespace });
        return items.some(({ status }) => phases.includes(status?.phase ?? ""));
      },
      { seconds: 60 },
    );

/** Where the agent dies; whether main waits half-way for the test; whether another replica waits already. */
const steps: readonly (readonly [string, Moment, { waits?: true; another?: true }?])[] = [
  ["has pulled the request", before(isEvent("accepted"))],
  ["has accepted", before(isEvent("starting")), { another: true }],
  ["is about to make the Secret", beforeCall(isSecretMade)],
  ["has made the Secret and doesn't know it", unansweredCall(isSecretMade), { another: true }],
  ["has made the Secret, and no Job", beforeCall(isJobMade)],
  ["has made the Job and doesn't know it", unansweredCall(isJobMade)],
  ["waits for main to start", podIs("there is a pod", ["Pending"]), { another: true }],
  ["has seen main start", before(isEvent("running"))],
  ["has stored `running` and doesn't know it", unanswered(isEvent("running"))],
  ["has stored a part of the log and doesn't know it", unanswered(isLogChunk)],
  ["is in the middle of the run", ({ stage }) => stage.witness.await("run.here"), { waits: true }],
  ["is in the middle of the run", ({ stage }) => stage.witness.await("run.here"), { waits: true, another: true }],
  ["has seen main's end", before(isEvent("collecting"))],
  ["knows how the run ended", before(isEvent("succeeded"))],
  ["has stored the terminal event and doesn't know it", unanswered(isEvent("succeeded")), { another: true }],
  ["is about to remove the run", beforeCall(isSecretDeleted)],
  ["has removed the run and doesn't know it", unansweredCall(isSecretDeleted)],
  ["is about to acknowledge", before(isFinish)],
  ["has acknowledged and doesn't know it", unanswered(isFinish), { another: true }],
];

async function openScene(context: TestContext): Promise<Scene> {
  const stage = await openFaultStage(context);
  const [proxy, api] = await Promise.all([stage.startProxy(), stage.startApiProxy()]);
  const starting = stage.startAgent({ url: proxy.url, kubeConfig: api.kubeConfig });
  const [driver, victim] = await Promise.all([stage.openFrontDoor(), starting]);
  return { stage, driver, victim, proxy, api };
}

const cases = steps.map(([step, moment, { waits = false, another = false } = {}]) => {
  const how = another ? "another replica that waits" : "one that comes later";
  return { name: `when it ${step}, ${how} carries the run on, once`, moment, waits, another };
});

describe.concurrent("kill -9 of an agent on Kubernetes", () => {
  test.for(cases)("$name", async ({ moment, waits, another }, context) => {
    const scene = await openScene(context);
    const { stage, driver, victim } = scene;
    const waiting = another ? await stage.startWaitingAgent() : undefined;
    const guresid = createGuresid();
    const request = buildCountedPodRequest({ witness: stage.witness, label: "run", waits });
    const reached = moment(scene);

    const placed = await driver.put(guresid, request);
    await settleWithin("the agent gets there", reached, 60);
    await victim.kill();
    if (waiting === undefined) await stage.startAgent();
    else waiting.letTake();
    if (waits) {
      await awaitEvent(stage, readRunId(placed), "adopted");
      await stage.witness.write("run.go");
    }

    const answer = await driver.provision(guresid, request);
    expect(readValues(answer)).toEqual({ label: "run" });
    expect(readRunId(answer)).toBe(readRunId(placed));
    await expectSettledOnce(stage, readRunId(placed), { label: "run" });
  });
});
