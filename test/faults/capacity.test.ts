/** The queue: it waits for agents, and gives them no more at once than the cluster may carry out. */
import { describe, expect, test } from "vitest";
import { createGuresid, readValues } from "../support/driver-client.ts";
import { buildScriptRequest } from "../support/script-request.ts";
import { readRunId } from "../support/story.ts";
import { waitUntil } from "../support/wait-until.ts";
import { awaitInShell } from "../support/witness.ts";
import { buildCountedRequest } from "./counted-run.ts";
import { expectRunOnce, waitUntilIdle } from "./run-story.ts";
import { openStage, timeout } from "./stage.ts";

describe("a cluster's queue", { timeout }, () => {
  test("keeps what is asked for while there is no agent, and it is carried out when one comes", async (context) => {
    const stage = await openStage(context);
    const driver = await stage.openFrontDoor();
    const guresid = createGuresid();
    const request = buildCountedRequest({ witness: stage.witness, label: "run" });
    const placed = await driver.put(guresid, request);
    expect(placed.status).toBe(202);
    expect((await driver.put(guresid, request, { headers: { Prefer: "wait=1" } })).status).toBe(202);
    await stage.startAgent();
    expect(readValues(await driver.provision(guresid, request))).toEqual({ label: "run" });
    await waitUntilIdle(stage);
    await expectRunOnce(stage, readRunId(placed), { label: "run" });
  });

  test("has as many runs at once as the cluster's capacity over all its agents, and no more", async (context) => {
    const capacity = 3;
    const runs = 9;
    const stage = await openStage(context, { capacity });
    const [driver] = await Promise.all([stage.openFrontDoor(), stage.startAgent(), stage.startAgent()]);
    const { witness } = stage;
    // Each says when it begins and when it ends, and waits until it may end.
    const build = (n: number) =>
      buildScriptRequest(
        `echo + >> ${witness.path}/steps; ${awaitInShell(`${witness.path}/go-${n}`)}; echo - >> ${witness.path}/steps`,
      );
    const answers = Array.from({ length: runs }, (_, n) => driver.provision(createGuresid(), build(n)));
    const countSteps = async (sign: string) => (await witness.read("steps")).split(sign).length - 1;
    await waitUntil("the cluster is full", async () => (await countSteps("+")) === capacity);
    for (let n = 0; n < runs; n++) await witness.write(`go-${n}`);
    for (const answer of await Promise.all(answers)) expect(answer.status).toBe(200);
    let running = 0;
    const steps = (await witness.read("steps")).split("\n").filter((sign) => sign !== "");
    const levels = steps.map((sign) => (running += sign === "+" ? 1 : -1));
    expect(Math.max(...levels)).toBe(capacity);
    expect(levels).toHaveLength(2 * runs);
  });
});
