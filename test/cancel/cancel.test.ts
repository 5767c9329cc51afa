/** Runs that are cancelled while real agents have them, have not taken them yet, or die with them. */
import { randomUUID } from "node:crypto";
import { expect, test, type TestContext } from "vitest";
import { createCancel } from "../../src/runs/cancel.ts";
import type { RunControl } from "../../src/contract/control.ts";
import { signControl } from "../../src/sealing/control.ts";
import type { SigningKey } from "../../src/sealing/keys.ts";
import { generateFrontDoorKeys } from "../../src/sealing/key-files.ts";
import { importFrontDoorKeys } from "../../src/sealing/keys.ts";
import { demand } from "../../adapters/node/run.ts";
import { readKeys } from "../faults/forged-request.ts";
import { readAllEvents, waitUntilIdle } from "../faults/run-story.ts";
import { cluster, openStage, timeout } from "../faults/stage.ts";
import { createGuresid, readMessage, readValues } from "../support/driver-client.ts";
import { buildScriptRequest } from "../support/script-request.ts";
import { readRunId } from "../support/story.ts";
import { waitUntil } from "../support/wait-until.ts";

/** A front door, and a run that tells the witness what happens to it. `onTerm`: what it does when it is asked to stop. */
async function arrange(context: TestContext, onTerm = "exit 143") {
  const stage = await openStage(context);
  const driver = await stage.openFrontDoor();
  const { frontDoor } = await readKeys(stage);
  const { path } = stage.witness;
  const request = buildScriptRequest(`
    cd ${path}
    trap 'echo term >> steps; ${onTerm}' TERM
    echo begun >> steps
    # SIGTERM comes to the whole group: what waits is ended by it, too.
    while [ ! -e go ]; do sleep 0.02 || :; done
    echo '{"label": "done"}' > "$OUTPUTS_FILE"`);
  const guresid = createGuresid();
  const { cancelRun } = createCancel({ bus: stage.bus, keys: frontDoor, now: () => new Date() });
  const hasBegun = () => stage.witness.await("steps");
  return {
    stage,
    driver,
    frontDoor,
    hasBegun,
    readSteps: () => stage.witness.read("steps"),
    place: async () => readRunId(await driver.put(guresid, request)),
    cancel: (runId: string) => cancelRun({ cluster, runId }, { by: "alice" }),
    ask: () => driver.provision(guresid, request),
    /** What the run's last event says. */
    async readEnd(runId: string) {
      await waitUntilIdle(stage);
      const data = (await readAllEvents(stage, runId)).at(-1)?.data;
      return { phase: data?.phase, failure: data?.failure };
    },
  };
}

const cancelledWith = (evidence: object) => ({
  phase: "cancelled",
  failure: { reason: "cancelled", message: "Cancelled by alice", evidence },
});

test(
  "a run that nobody has taken is cancelled without being started; the same request starts a new one",
  { timeout },
  async (context) => {
    const { stage, place, cancel, ask, readEnd, readSteps } = await arrange(context);
    const runId = await place();
    expect(await cancel(runId)).toEqual({ kind: "asked", status: "requested" });
    await stage.startAgent();
    const answer = await ask();
    expect([answer.status, readMessage(answer)]).toEqual([400, "Cancelled by alice before it was started"]);
    expect(await readSteps()).toBe("");
    expect((await readEnd(runId)).phase).toBe("cancelled");
    expect(await cancel(runId)).toEqual({ kind: "ended", status: "cancelled" });
    await stage.witness.write("go");
    expect(readValues(await ask())).toEqual({ label: "done" });
  },
);

test("a run under way gets SIGTERM and its grace, and its caller is told once", { timeout }, async (context) => {
  const { stage, place, cancel, ask, hasBegun, readEnd, readSteps } = await arrange(
    context,
    "sleep 1; echo tidied >> steps; exit 3",
  );
  await stage.startAgent({ environment: { GRACE_SECONDS: "60" } });
  const runId = await place();
  await hasBegun();
  expect((await cancel(runId)).kind).toBe("asked");
  const answer = await ask();
  expect([answer.status, readMessage(answer)]).toEqual([400, "Cancelled by alice"]);
  expect(await readEnd(runId)).toEqual(cancelledWith({ exitCode: 3 }));
  expect(await readSteps()).toBe("begun\nterm\ntidied\n");
});

test("a run that doesn't stop is killed when its grace is over", { timeout }, async (context) => {
  const { stage, place, cancel, hasBegun, readEnd, readSteps } = await arrange(context, ":");
  await stage.startAgent({ environment: { GRACE_SECONDS: "1" } });
  const runId = await place();
  await hasBegun();
  for (const _ of [1, 2, 3]) expect((await cancel(runId)).kind).toBe("asked");
  expect(await readEnd(runId)).toEqual(cancelledWith({ signal: "SIGKILL" }));
  expect(await readSteps()).toBe("begun\nterm\n");
});

test("a run that finishes within its grace has succeeded", { timeout }, async (context) => {
  const { stage, place, cancel, ask, hasBegun, readEnd } = await arrange(context, ":");
  await stage.startAgent({ environment: { GRACE_SECONDS: "60" } });
  const runId = await place();
  await hasBegun();
  await cancel(runId);
  await waitUntil("it was asked to stop", async () => (await stage.witness.read("steps")).includes("term"));
  await stage.witness.write("go");
  expect(readValues(await ask())).toEqual({ label: "done" });
  expect(await readEnd(runId)).toEqual({ phase: "succeeded", failure: undefined });
});

test(
  "a cancel that comes while a dead agent's run waits for another one is honoured by that one",
  { timeout },
  async (context) => {
    const { stage, place, cancel, hasBegun, readEnd, readSteps } = await arrange(context);
    const first = await stage.startAgent();
    const runId = await place();
    await hasBegun();
    await first.kill();
    expect((await cancel(runId)).kind).toBe("asked");
    await stage.startAgent();
    expect(await readEnd(runId)).toEqual(cancelledWith({ exitCode: 143 }));
    expect(await readSteps()).toBe("begun\nterm\n");
  },
);

test(
  "an agent that dies while its run is given its grace leaves a run that ends as cancelled",
  { timeout },
  async (context) => {
    const { stage, place, cancel, hasBegun, readEnd } = await arrange(context, ":");
    const first = await stage.startAgent({ environment: { GRACE_SECONDS: "3" } });
    const runId = await place();
    await hasBegun();
    await cancel(runId);
    await waitUntil("it was asked to stop", async () => (await stage.witness.read("steps")).includes("term"));
    await first.kill();
    await stage.startAgent({ environment: { GRACE_SECONDS: "1" } });
    expect(await readEnd(runId)).toEqual(cancelledWith({ signal: "SIGKILL" }));
  },
);

test("a cancel that was missed while the agent was cut off is heard when it is back", { timeout }, async (context) => {
  const { stage, place, cancel, hasBegun, readEnd } = await arrange(context);
  const proxy = await stage.startProxy();
  await stage.startAgent({ url: proxy.url });
  const runId = await place();
  await hasBegun();
  // From here on nothing of the controls reaches it live.
  const stopLosing = proxy.lose({ direction: "from broker", matches: ({ subject }) => subject.includes("controls") });
  proxy.cut();
  await cancel(runId);
  stopLosing();
  expect(await readEnd(runId)).toEqual(cancelledWith({ exitCode: 143 }));
});

test("what is forged, or was asked of another run, stops nothing", { timeout }, async (context) => {
  const { stage, frontDoor, place, cancel, hasBegun, readEnd, readSteps } = await arrange(context);
  const agent = await stage.startAgent();
  const runId = await place();
  await hasBegun();
  const stranger = demand(await importFrontDoorKeys(await generateFrontDoorKeys()));
  const put = async (signing: SigningKey, changed: Partial<RunControl> = {}) => {
    const at = new Date().toISOString();
    const control: RunControl = { v: 1, kind: "cancel", cluster, runId, by: "mallory", at, ...changed };
    const last = await stage.bus.controls.last({ cluster, runId });
    const options = { id: randomUUID(), after: last?.sequence ?? 0 };
    await stage.bus.controls.append({ cluster, runId }, await signControl(control, signing), options);
  };
  const forgeries = [
    () => put(stranger.signing),
    () => put({ ...stranger.signing, kid: frontDoor.signing.kid }),
    () => put(frontDoor.signing, { runId: "01m82mpgn67c16avxrbe0bj1xt" }),
    () => put(frontDoor.signing, { cluster: "elsewhere" }),
  ];
  for (const [i, forge] of forgeries.entries()) {
    await forge();
    await waitUntil("it was heard", async () => agent.countLogged("Ignored what was asked of a run") > i);
  }
  expect(await readSteps()).toBe("begun\n");
  await cancel(runId);
  expect(await readEnd(runId)).toEqual(cancelledWith({ exitCode: 143 }));
});
