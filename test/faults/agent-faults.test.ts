/** What goes wrong around an agent that lives on: answers and renewals get lost, the network, the disk, a whole machine. */
import { rename, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { describe, expect, test, type TestContext } from "vitest";
import { endProcesses, findProcesses, type ProcessMarks } from "../../k8s-agent/local/processes.ts";
import { buildAllMarks } from "../../k8s-agent/local/marks.ts";
import { getRunFiles } from "../../k8s-agent/local/runs-directory.ts";
import { createGuresid, readMessage, readValues, type DriverClient } from "../support/driver-client.ts";
import { buildScriptRequest } from "../support/script-request.ts";
import { readRunId } from "../support/story.ts";
import { waitUntil } from "../support/wait-until.ts";
import { buildCountedRequest, listExecutions } from "./counted-run.ts";
import { isAnyEvent, isFinish, isLogChunk, isRenewal, watchForAnswer, type Said } from "./moments.ts";
import { awaitEvent, countDeliveries, expectRunOnce, listPhases, readAllEvents, waitUntilIdle } from "./run-story.ts";
import { leaseSeconds, openStage, timeout, type Stage, type StageOptions } from "./stage.ts";

/** One agent behind a proxy, and a run that waits half-way. */
async function arrange(context: TestContext, options: StageOptions = {}) {
  const stage = await openStage(context, options);
  const proxy = await stage.startProxy();
  const [driver, agent] = await Promise.all([stage.openFrontDoor(), stage.startAgent({ url: proxy.url })]);
  const guresid = createGuresid();
  const request = buildCountedRequest({ witness: stage.witness, label: "run", waits: true });
  return { stage, proxy, driver, agent, place: () => driver.put(guresid, request), expectEnd };

  async function expectEnd(runId: string) {
    expect(readValues(await driver.provision(guresid, request))).toEqual({ label: "run" });
    await waitUntilIdle(stage);
    return expectRunOnce(stage, runId, { label: "run" });
  }
}

const hasBegun = (stage: Stage) => stage.witness.await("run.here");
const letGoOn = (stage: Stage) => stage.witness.write("run.go");

describe("an agent", { timeout }, () => {
  test("whose answers get lost says everything once", async (context) => {
    const { stage, proxy, place, expectEnd } = await arrange(context, { ackWaitSeconds: 30 });
    let lost = 0;
    const isSaid: Said = (message) => isAnyEvent(message) || isLogChunk(message) || isFinish(message);
    const isAnswer = watchForAnswer(proxy, isSaid, Infinity);
    // Each one in two; what is said again is answered again.
    proxy.lose({ direction: "from broker", matches: (message) => isAnswer(message) && lost++ % 2 === 0 });
    const runId = readRunId(await place());
    await awaitEvent(stage, runId, "running");
    await letGoOn(stage);
    const events = await expectEnd(runId);
    const phases = ["requested", "accepted", "starting", "running", "collecting", "succeeded"];
    expect(events.filter(({ data }) => data.warning === undefined).map(({ data }) => data.phase)).toEqual(phases);
    expect(lost).toBeGreaterThan(10);
  });

  test("whose renewals get lost carries its run out undisturbed when the request comes to it again", async (context) => {
    const { stage, proxy, agent, place, expectEnd } = await arrange(context);
    proxy.lose({ direction: "to broker", matches: isRenewal });
    const runId = readRunId(await place());
    await hasBegun(stage);
    await waitUntil("the request came again", async () => (await countDeliveries(stage)) >= 2);
    await letGoOn(stage);
    const events = await expectEnd(runId);
    expect(listPhases(events)).toEqual(["requested", "accepted", "starting", "running", "collecting", "succeeded"]);
    expect(agent.countLogged("Stood down from a run")).toBe(0);
  });

  test("whose renewals get lost stands down when the request comes to another one", async (context) => {
    const { stage, proxy, agent, place, expectEnd } = await arrange(context);
    // Its pulls too, or the request would come to itself.
    const runId = readRunId(await place());
    await hasBegun(stage);
    const other = await stage.startAgent();
    proxy.lose({
      direction: "to broker",
      matches: (message) => isRenewal(message) || message.subject.includes(".CONSUMER."),
    });
    proxy.cut();
    const adopted = await awaitEvent(stage, runId, "adopted");
    expect(adopted.data.agent).toBe(other.name);
    await waitUntil("the first one stands down", () => agent.countLogged("Stood down from a run") > 0);
    await letGoOn(stage);
    await expectEnd(runId);
  });

  test("whose connection breaks again and again loses and doubles nothing", async (context) => {
    const { stage, proxy, place, expectEnd } = await arrange(context);
    const runId = readRunId(await place());
    for (const phase of ["accepted", "starting", "running"] as const) {
      await awaitEvent(stage, runId, phase);
      proxy.cut();
    }
    await hasBegun(stage);
    await letGoOn(stage);
    proxy.cut();
    await expectEnd(runId);
  });

  test.for(["hung", "crashed"])(
    "goes on with its run when the broker %s for longer than the lease",
    async (how, context) => {
      const { stage, place, expectEnd } = await arrange(context);
      const runId = readRunId(await place());
      await hasBegun(stage);
      const begun = performance.now();
      await stage.server.kill(how === "hung" ? "SIGSTOP" : "SIGKILL");
      await letGoOn(stage);
      // Main ends meanwhile, and its agent has nobody to tell.
      await waitUntil("main has ended", () => findProcesses(getMarks(stage, runId)).length === 0);
      await waitUntil("the lease has run out", () => performance.now() - begun > 1000 * leaseSeconds);
      if (how === "hung") await stage.server.kill("SIGCONT");
      else await stage.server.restart();
      await expectEnd(runId);
    },
  );

  test("that dies while the code is checked out leaves that to whoever comes next", async (context) => {
    const { stage, driver, agent } = await arrange(context);
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<void>();
    const host = createServer((_, response) => {
      asked.resolve();
      void answer.promise.then(() => response.writeHead(404).end());
    }).listen(0, "127.0.0.1");
    context.onTestFinished(() => {
      host.closeAllConnections();
      host.close();
    });
    await once(host, "listening");
    const url = `http://127.0.0.1:${(host.address() as AddressInfo).port}/app.git`;
    const guresid = createGuresid();
    const request = buildScriptRequest("exit 0", { values: { source: { url, ref: "main" } } });
    const runId = readRunId(await driver.put(guresid, request));
    await asked.promise;
    await agent.kill();
    await stage.startAgent();
    await awaitEvent(stage, runId, "adopted");
    answer.resolve();
    expect((await driver.provision(guresid, request)).status).toBe(400);
    await waitUntilIdle(stage);
    const events = await readAllEvents(stage, runId);
    expect(listPhases(events)).toEqual(["requested", "accepted", "starting", "failed"]);
    expect(events.at(-1)?.data.failure?.reason).toBe("setup-failed");
  });

  test("that dies with everything that ran on its machine is followed by one that says so, and runs nothing again", async (context) => {
    const { stage, driver, agent, place } = await arrange(context);
    const runId = readRunId(await place());
    await hasBegun(stage);
    await agent.kill();
    await endProcesses(getMarks(stage, runId), 0);
    await stage.startAgent();
    await waitUntilIdle(stage);
    const end = (await readAllEvents(stage, runId)).at(-1)?.data;
    expect(end?.failure).toMatchObject({ reason: "lost" });
    expect(await listExecutions(stage.witness)).toEqual([runId]);
    await expectNewRun(driver, stage);
  });

  test("that can't write to its disk for a while starts its runs when it can", async (context) => {
    const { stage, agent, place, expectEnd } = await arrange(context);
    const elsewhere = `${stage.runsDirectory}-away`;
    await rename(stage.runsDirectory, elsewhere);
    await writeFile(stage.runsDirectory, "in the way");
    const runId = readRunId(await place());
    const failed = "A run could not be carried on; its request will come again";
    await waitUntil("it has tried", () => agent.countLogged(failed) >= 1);
    await rename(stage.runsDirectory, `${elsewhere}-file`);
    await rename(elsewhere, stage.runsDirectory);
    await letGoOn(stage);
    await expectEnd(runId);
  });

  test("whose broker takes less than a run's outputs ends the run with both sizes", async (context) => {
    const { stage, driver } = await arrange(context, { serverConfig: "max_payload: 300KB" });
    const script = `printf '{"text": "%0400000d"}' 0 > "$OUTPUTS_FILE"`;
    const answer = await driver.provision(createGuresid(), buildScriptRequest(script));
    expect(readMessage(answer)).toMatch(/^Cannot send the outputs: .* is \d{6} bytes, the limit is \d{6} bytes$/);
    await waitUntilIdle(stage);
  });
});

/** What tells the processes of a run: its supervisor, and main. */
function getMarks({ runsDirectory }: Stage, runId: string): ProcessMarks {
  return { environment: buildAllMarks(getRunFiles(runsDirectory, runId)), group: undefined };
}

/** The next run goes its way. */
async function expectNewRun(driver: DriverClient, { witness }: Stage): Promise<void> {
  const answer = await driver.provision(createGuresid(), buildCountedRequest({ witness, label: "next" }));
  expect(readValues(answer)).toEqual({ label: "next" });
}
