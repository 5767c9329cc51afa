/** SIGTERM: an agent lets go of its runs at once, and they go on. */
import { expect, test } from "vitest";
import { createGuresid, readValues } from "../support/driver-client.ts";
import { readRunId } from "../support/story.ts";
import { buildCountedRequest } from "./counted-run.ts";
import { awaitEvent, expectRunOnce, waitUntilIdle } from "./run-story.ts";
import { openStage, timeout } from "./stage.ts";

/** Nothing of this test lasts as long. */
const ackWaitSeconds = 300;

test(
  "an agent that is stopped gives its runs to another replica at once, and they are executed once",
  { timeout },
  async (context) => {
    const stage = await openStage(context, { ackWaitSeconds });
    const [driver, first] = await Promise.all([stage.openFrontDoor(), stage.startAgent()]);
    const labels = ["a", "b", "c"];
    const requests = labels.map((label) => {
      const request = buildCountedRequest({ witness: stage.witness, label, waits: true });
      return { label, guresid: createGuresid(), request };
    });
    const placed = await Promise.all(requests.map(({ guresid, request }) => driver.put(guresid, request)));
    for (const { label } of requests) await stage.witness.await(`${label}.here`);
    const second = await stage.startWaitingAgent();

    const begun = performance.now();
    await first.kill("SIGTERM");
    expect(performance.now() - begun).toBeLessThan(15_000);
    second.letTake();
    const adopted = await Promise.all(placed.map((answer) => awaitEvent(stage, readRunId(answer), "adopted")));
    expect(adopted.map(({ data }) => data.agent)).toEqual(labels.map(() => second.name));
    expect(performance.now() - begun).toBeLessThan((ackWaitSeconds / 10) * 1000);

    for (const { label, guresid, request } of requests) {
      await stage.witness.write(`${label}.go`);
      expect(readValues(await driver.provision(guresid, request))).toEqual({ label });
    }
    await waitUntilIdle(stage);
    for (const [i, { label }] of requests.entries())
      await expectRunOnce(stage, readRunId(placed[i] ?? expect.unreachable()), { label });
  },
);
