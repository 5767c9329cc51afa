/** What takes minutes, side by side: an API server that is away, and a main that is silent. */
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test, type TestContext } from "vitest";
import { awaitEvent, listPhases, readAllEvents } from "../../faults/run-story.ts";
import { createGuresid, readValues } from "../../support/driver-client.ts";
import { readRunId } from "../../support/story.ts";
import { waitUntil } from "../../support/wait-until.ts";
import type { ApiProxy } from "../support/api-proxy.ts";
import { openFaultStage } from "./fault-stage.ts";
import { buildCountedPodRequest } from "./pod-run.ts";
import { awaitEnd, expectSettledOnce } from "./settled.ts";

/** Longer than any clock on the way: 300 s is where HTTP clients give up on a silent body, and where we open it anew. */
const silenceSeconds = Number(process.env["SILENCE_SECONDS"] ?? 600);
const awaySeconds = 120;
const most = { timeout: (silenceSeconds + 300) * 1000 };

async function open(context: TestContext) {
  const stage = await openFaultStage(context);
  const [api, driver] = await Promise.all([stage.startApiProxy(), stage.openFrontDoor()]);
  return { stage, api, driver };
}

describe.concurrent("minutes later:", () => {
  const ways: Record<string, (api: ApiProxy) => () => void> = {
    "refusing connections": (api) => api.refuse(),
    "and nobody says so": (api) => api.freeze(),
  };

  test.for(Object.entries(ways))(
    "the API server is away for two minutes, %s, and no run fails",
    most,
    async ([, leave], context) => {
      const { stage, api, driver } = await open(context);
      const { witness } = stage;
      await stage.startAgent({ kubeConfig: api.kubeConfig });
      // One ends while it is away, one later, and one is placed meanwhile.
      const runs = ["meanwhile", "later", "new"].map((label) => {
        const request = buildCountedPodRequest({ witness, label, waits: label !== "new" });
        return { label, guresid: createGuresid(), request };
      });
      const place = async (label: string) => {
        const { guresid, request } = runs.find((run) => run.label === label) ?? expect.unreachable();
        return readRunId(await driver.put(guresid, request));
      };
      const ids = [await place("meanwhile"), await place("later")];
      const [pod] = await Promise.all([witness.await("meanwhile.here"), witness.await("later.here")]);
      for (const runId of ids) await awaitEvent(stage, runId, "running");

      const comeBack = leave(api);
      const back = delay(awaySeconds * 1000);
      ids.push(await place("new"));
      await witness.write("meanwhile.go");
      await waitUntil(
        "its pod has ended",
        async () => {
          const { namespace, core } = stage.place;
          const { status } = await core.readNamespacedPod({ namespace, name: pod.trim() });
          return status?.phase === "Succeeded";
        },
        { seconds: 60 },
      );
      await back;
      for (const runId of ids) expect(listPhases(await readAllEvents(stage, runId)).at(-1)).not.toBe("failed");
      comeBack();

      await witness.write("later.go");
      for (const { label, guresid, request } of runs)
        expect(readValues(await driver.provision(guresid, request))).toEqual({ label });
      for (const [i, { label }] of runs.entries()) await expectSettledOnce(stage, ids[i] ?? "", { label });
    },
  );

  test(`main is silent for ${silenceSeconds} seconds, and its log is whole`, most, async (context) => {
    const { stage, driver } = await open(context);
    await stage.startAgent();
    const beforeRest = `sleep ${silenceSeconds}`;
    const request = buildCountedPodRequest({ witness: stage.witness, label: "silent", beforeRest });
    const guresid = createGuresid();
    const runId = readRunId(await driver.put(guresid, request));
    await awaitEnd(stage, runId, most.timeout);
    expect(readValues(await driver.provision(guresid, request))).toEqual({ label: "silent" });
    await expectSettledOnce(stage, runId, { label: "silent" });
  });
});
