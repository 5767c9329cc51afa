/** The driver API's table: what PUT, DELETE and GET answer in every state that a resource can be in. */
import { expect, test } from "vitest";
import {
  buildBody,
  createStage,
  failWith,
  succeedWith,
  type PlayedRun,
  type Reply,
  type Stage,
} from "./app.fixture.ts";
import type { RunResult } from "./contract/events.ts";
import type { JsonObject } from "./contract/json.ts";
import { createParties } from "./sealing/sealing.fixture.ts";

const parties = await createParties();
const body = buildBody({ size: 1 });
const changed = buildBody({ size: 2 });

const done = succeedWith({ url: "a" });
const broken = failWith("main exited with 3");
const stopped: RunResult = { kind: "cancelled", failure: { reason: "cancelled", message: "stopped by hand" } };

/** What the test has done so far: the body that was asked for last, and the run that came of it. */
interface Scene {
  readonly stage: Stage;
  readonly asked: JsonObject;
  readonly played?: PlayedRun;
}
type Step = (scene: Scene) => Promise<Scene>;

const put =
  (asked: JsonObject): Step =>
  async ({ stage }) => {
    expect((await stage.put(asked)).status).toBe(202);
    return { stage, asked };
  };
const destroy: Step = async ({ stage, asked }) => {
  expect((await stage.delete()).status).toBe(202);
  return { stage, asked };
};
const take: Step = async (scene) => ({ ...scene, played: await scene.stage.takeRun() });
const begin: Step = async (scene) => {
  const played = await scene.stage.takeRun();
  await played.report("accepted");
  await played.report("running");
  return { ...scene, played };
};
const end =
  (result: RunResult): Step =>
  async (scene) => {
    const played = scene.played ?? (await scene.stage.takeRun());
    await played.end(result);
    return { ...scene, played };
  };
/** The caller asks again, and is told how the run ended. */
const tellPut: Step = async (scene) => {
  expect([200, 400]).toContain((await scene.stage.put(scene.asked)).status);
  return scene;
};
const tellDelete: Step = async (scene) => {
  expect([204, 400]).toContain((await scene.stage.delete()).status);
  return scene;
};

const created = [put(body), end(done), tellPut];
const updating = [...created, put(changed)];

/** The steps into each state, by its name. */
const states: Record<string, Step[]> = {
  "nothing is there": [],
  "a create is requested": [put(body)],
  "a create is taken": [put(body), take],
  "a create is running": [put(body), begin],
  "a create succeeded, untold": [put(body), end(done)],
  "a create succeeded, told": created,
  "a create failed, untold": [put(body), begin, end(broken)],
  "a create failed, told": [put(body), end(broken), tellPut],
  "a create was cancelled, untold": [put(body), begin, end(stopped)],
  "a create was cancelled, told": [put(body), end(stopped), tellPut],
  "an update is requested": updating,
  "an update is running": [...updating, begin],
  "an update succeeded, untold": [...updating, end(done)],
  "an update succeeded, told": [...updating, end(done), tellPut],
  "an update failed, untold": [...updating, end(broken)],
  "an update failed, told": [...updating, end(broken), tellPut],
  "a destroy is requested": [...created, destroy],
  "a destroy is running": [...created, destroy, begin],
  "a destroy succeeded, untold": [...created, destroy, end(done)],
  "a destroy succeeded, told": [...created, destroy, end(done), tellDelete],
  "a destroy failed, untold": [...created, destroy, end(broken)],
  "a destroy failed, told": [...created, destroy, end(broken), tellDelete],
  "a destroy of a failed create is running": [put(body), end(broken), destroy, begin],
};

/** Status, then what is under way (for 202 and 409) and whether a new run was placed for it. */
type Expected =
  | "200"
  | "204"
  | "400"
  | "404"
  | `${"202" | "409"} ${"creating" | "updating" | "deleting"}`
  | `202 new ${"creating" | "updating" | "deleting"}`;

const table: Record<string, [same: Expected, other: Expected, remove: Expected, get: Expected]> = {
  "nothing is there": ["202 new creating", "202 new creating", "204", "404"],
  "a create is requested": ["202 creating", "409 creating", "409 creating", "202 creating"],
  "a create is taken": ["202 creating", "409 creating", "409 creating", "202 creating"],
  "a create is running": ["202 creating", "409 creating", "409 creating", "202 creating"],
  "a create succeeded, untold": ["200", "202 new updating", "202 new deleting", "200"],
  "a create succeeded, told": ["200", "202 new updating", "202 new deleting", "200"],
  "a create failed, untold": ["400", "202 new creating", "202 new deleting", "400"],
  "a create failed, told": ["202 new creating", "202 new creating", "202 new deleting", "400"],
  "a create was cancelled, untold": ["400", "202 new creating", "202 new deleting", "400"],
  "a create was cancelled, told": ["202 new creating", "202 new creating", "202 new deleting", "400"],
  "an update is requested": ["202 updating", "409 updating", "409 updating", "202 updating"],
  "an update is running": ["202 updating", "409 updating", "409 updating", "202 updating"],
  "an update succeeded, untold": ["200", "202 new updating", "202 new deleting", "200"],
  "an update succeeded, told": ["200", "202 new updating", "202 new deleting", "200"],
  "an update failed, untold": ["400", "202 new updating", "202 new deleting", "400"],
  "an update failed, told": ["202 new updating", "202 new updating", "202 new deleting", "400"],
  "a destroy is requested": ["409 deleting", "409 deleting", "202 deleting", "202 deleting"],
  "a destroy is running": ["409 deleting", "409 deleting", "202 deleting", "202 deleting"],
  "a destroy succeeded, untold": ["202 new creating", "202 new creating", "204", "404"],
  "a destroy succeeded, told": ["202 new creating", "202 new creating", "204", "404"],
  "a destroy failed, untold": ["202 new updating", "202 new updating", "400", "400"],
  "a destroy failed, told": ["202 new updating", "202 new updating", "202 new deleting", "400"],
  "a destroy of a failed create is running": ["409 deleting", "409 deleting", "202 deleting", "202 deleting"],
};

test("every state is in the table", () => {
  expect(Object.keys(table)).toEqual(Object.keys(states));
});

const requests = Object.entries(table).flatMap(([state, [same, other, remove, get]]) => [
  { state, request: "PUT of the same body", expected: same },
  { state, request: "PUT of another body", expected: other },
  { state, request: "DELETE", expected: remove },
  { state, request: "GET", expected: get },
]);

test.for(requests)("when $state, $request is answered $expected", async ({ state, request, expected }) => {
  let scene: Scene = { stage: await createStage({ parties }), asked: body };
  for (const step of states[state] ?? []) scene = await step(scene);
  const { stage } = scene;
  const before = (await stage.get()).runId;

  const reply = await ask(scene, request);

  expect(describeReply(reply, before)).toBe(expected);
  checkHeaders(reply);
  if (request === "GET") expect((await stage.get()).runId).toBe(before);
  if (reply.status === 202 && reply.runId !== before) await checkNewRun(stage, reply);
});

function ask({ stage, asked }: Scene, request: string): Promise<Reply> {
  if (request === "GET") return stage.get();
  if (request === "DELETE") return stage.delete();
  return stage.put(request === "PUT of the same body" ? asked : buildBody({ size: 3 }));
}

function describeReply({ status, body, runId }: Reply, before: string | undefined): string {
  if (status !== 202 && status !== 409) return String(status);
  return `${status} ${runId === before ? "" : "new "}${body["status"] as string}`;
}

/** What the driver API asks of an answer with that status. */
function checkHeaders({ status, headers, text, body }: Reply): void {
  expect(headers.get("Set-Humanitec-Driver-Cookie")).toBeNull();
  expect(headers.get("Retry-After")).toEqual(status === 202 || status === 409 ? "1" : null);
  if (status === 204) return expect(text).toBe("");
  expect(headers.get("Content-Type")).toMatch(/^application\/json/);
  if (status === 200) {
    expect(body).toMatchObject({ type: "s3", resource: { values: { url: "a" }, secrets: {} }, manifests: [] });
  }
  if (status === 202 || status === 409) {
    expect(body).toMatchObject({
      current_time: "2027-01-15T08:00:00.000Z",
      timeout: "2027-01-15T09:00:00.000Z",
    });
  }
  if (status === 400)
    expect(body).toMatchObject({ error: "RES-101", message: expect.stringMatching(/exited|stopped/) });
  if (status === 404) expect(body).toMatchObject({ error: "RES-102" });
}

/** The new run is in the queue, once, with the inputs that it needs. */
async function checkNewRun(stage: Stage, reply: Reply): Promise<void> {
  const { run } = await stage.takeRun();
  expect(run.order.runId).toBe(reply.runId);
  expect(run.order.action).toBe(reply.body["status"] === "deleting" ? "destroy" : "create");
  expect(run.inputs.values.job.image).toBe("runner");
}
