/** What a run costs the API server, counted on the way between the agent and it. */
import { expect, test } from "vitest";
import { createGuresid, readMessage, readValues } from "../../support/driver-client.ts";
import { readRunId } from "../../support/story.ts";
import { buildPodRequest } from "./pod-run.ts";
import { shareFaultStage, waitUntilSettled } from "./settled.ts";

const getStage = shareFaultStage(async (stage) => {
  const [api, driver] = await Promise.all([stage.startApiProxy(), stage.openFrontDoor()]);
  await stage.startAgent({ kubeConfig: api.kubeConfig });
  return { api, driver };
});

/** What was asked since the `first` request, but for the shared watches, each of which lasts over many runs. */
function listCalls(first: number): string[] {
  const { api, place } = getStage();
  const calls = api.requests.slice(first).filter((request) => !request.includes("watch=true"));
  return calls.map((call) => call.replace(`/namespaces/${place.namespace}`, ""));
}

/** Also of a log: only pods' names are chosen by the cluster. */
function buildCalls(runId: string): unknown[] {
  const log = (container: string) => {
    const parameter = `container=${container}(&|$)`;
    return expect.stringMatching(new RegExp(`^GET /api/v1/pods/run-${runId}-[a-z0-9]+/log\\?(.*&)?${parameter}`));
  };
  return [
    "POST /api/v1/secrets",
    "POST /apis/batch/v1/jobs",
    log("main"),
    log("collector"),
    expect.stringMatching(new RegExp(`^DELETE /api/v1/secrets/run-${runId}(\\?|$)`)),
  ];
}

test("a run that succeeds costs five calls: its Secret, its Job, two logs, and the Secret's end", async () => {
  const { api, driver } = getStage();
  const first = api.requests.length;
  const answer = await driver.provision(
    createGuresid(),
    buildPodRequest(`echo hello; sleep 3; echo '{"a":1}' > "$OUTPUTS_FILE"`),
  );
  expect(readValues(answer)).toEqual({ a: 1 });
  await waitUntilSettled(getStage());
  const calls = listCalls(first);
  expect(calls).toEqual(expect.arrayContaining(buildCalls(readRunId(answer))));
  expect(calls).toHaveLength(5);
});

test("a run that fails costs no more", async () => {
  const { api, driver } = getStage();
  const first = api.requests.length;
  const answer = await driver.provision(createGuresid(), buildPodRequest(`echo why > "$ERROR_FILE"; exit 3`));
  expect(readMessage(answer)).toContain("why");
  await waitUntilSettled(getStage());
  const calls = listCalls(first);
  expect(calls).toEqual(expect.arrayContaining(buildCalls(readRunId(answer))));
  expect(calls).toHaveLength(5);
});

test("eight runs at once cost eight times as much", async () => {
  const { api, driver } = getStage();
  const first = api.requests.length;
  const request = buildPodRequest("echo hello; sleep 1");
  const answers = await Promise.all(Array.from({ length: 8 }, () => driver.provision(createGuresid(), request)));
  await waitUntilSettled(getStage());
  const calls = listCalls(first);
  for (const answer of answers) {
    expect(answer.status).toBe(200);
    const runId = readRunId(answer);
    expect(calls.filter((call) => call.includes(runId))).toHaveLength(3);
  }
  expect(calls).toHaveLength(40);
});
