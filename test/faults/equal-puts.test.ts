/** Many equal requests at once, through two front doors that know nothing of each other. */
import { expect, test } from "vitest";
import { createGuresid, readValues } from "../support/driver-client.ts";
import { readRunId } from "../support/story.ts";
import { buildCountedRequest, listExecutions } from "./counted-run.ts";
import { expectRunOnce, waitUntilIdle } from "./run-story.ts";
import { openStage, timeout } from "./stage.ts";

const puts = 200;

test(
  "200 equal PUTs over two front doors at once are one run, and all are told of it",
  { timeout },
  async (context) => {
    const stage = await openStage(context);
    const [one, other] = await Promise.all([stage.startFrontDoor(), stage.startFrontDoor(), stage.startAgent()]);
    const guresid = createGuresid();
    const request = buildCountedRequest({ witness: stage.witness, label: "run" });
    const answers = await Promise.all(
      Array.from({ length: puts }, (_, i) => (i % 2 === 0 ? one : other).driver.provision(guresid, request)),
    );
    for (const answer of answers) expect(readValues(answer)).toEqual({ label: "run" });
    const runIds = new Set(answers.map(readRunId));
    expect(runIds.size).toBe(1);
    await waitUntilIdle(stage);
    expect(await listExecutions(stage.witness)).toEqual([...runIds]);
    for (const runId of runIds) await expectRunOnce(stage, runId, { label: "run" });
  },
);
