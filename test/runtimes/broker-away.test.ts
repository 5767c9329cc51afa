/**
 * What front doors do while their broker is away: from the start, dead, hung, and back again. Whoever calls meanwhile is told
 * so within a second, and nobody is told that something was accepted which wasn't.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createGuresid, readBody } from "../support/driver-client.ts";
import { buildScriptRequest } from "../support/script-request.ts";
import { waitUntil } from "../support/wait-until.ts";
import { createCaller, type Caller } from "./caller.ts";
import { clusters, openLab, type FrontDoor, type Lab } from "./lab.ts";
import { runtimes } from "./runtimes.ts";

/** Of the Worker: an idle connection is billed. */
const idleSeconds = 2;

interface Door extends FrontDoor {
  readonly name: string;
  readonly call: Caller;
}

let lab: Lab;
let doors: Door[];

beforeAll(async () => {
  lab = await openLab();
  await lab.server.kill("SIGKILL");
  doors = await Promise.all(
    runtimes.map(async (runtime) => {
      const door = await lab.startFrontDoor(runtime, { environment: { IDLE_SECONDS: String(idleSeconds) } });
      return { ...door, name: runtime.name, call: createCaller(door.url, lab.identities.staticToken) };
    }),
  );
}, 120_000);
afterAll(() => lab.close());

/** Requests for a cluster without agents: what is accepted stays queued. */
const good = buildScriptRequest("exit 0", { values: { cluster: clusters.far } });
const createPath = () => `/drivers/container/${createGuresid()}`;

/** Each kind of request is refused, soon, and says when to come again; what needs no broker goes on. */
async function expectRefusals({ name, call }: Door): Promise<void> {
  const begun = performance.now();
  const ask = async (method: string, body?: unknown) => {
    const from = performance.now();
    const answer = await call(method, createPath(), body === undefined ? {} : { body });
    return { ...answer, milliseconds: performance.now() - from };
  };
  const answers = await Promise.all([
    ask("PUT", good),
    ask("GET"),
    ask("DELETE"),
    ask("PUT", good),
    ask("PUT", good),
    call("PUT", createPath(), { body: good, headers: { Prefer: "wait=25" } }),
  ]);
  for (const answer of answers) {
    expect([name, answer.status, answer.headers["retry-after"]]).toEqual([name, 503, "2"]);
    expect(readBody(answer)["error"]).toBe("RES-151");
  }
  // All at once, on a machine that may be busy: the time itself is said by the log.
  expect(performance.now() - begun).toBeLessThan(15_000);
  const alive = await call("GET", "/alive", { token: false });
  const invalid = await call("PUT", createPath(), { body: {} });
  const stranger = await call("GET", createPath(), { token: false });
  expect([alive.status, invalid.status, stranger.status]).toEqual([200, 400, 401]);
}

/** By their own clocks. */
function readSlowest({ output }: Door): number {
  const times = [...output().matchAll(/"status":503\D+"milliseconds":(\d+)/g)].map(([, time]) => Number(time));
  expect(times.length).toBeGreaterThan(0);
  return Math.max(...times);
}

const awaitRecovery = ({ name, call }: Door) =>
  waitUntil(`the front door on ${name} recovers`, async () => {
    const { status } = await call("PUT", createPath(), { body: good });
    if (status !== 503) expect([name, status]).toEqual([name, 202]);
    return status === 202;
  });

describe("While the broker is away", () => {
  test("from the start, front doors are there and say so", async () => {
    await Promise.all(doors.map(expectRefusals));
  });

  test("they recover by themselves when it comes, with all that it lacked", async () => {
    await lab.server.restart();
    await Promise.all(doors.map(awaitRecovery));
  });

  test("when it is killed, nothing that was accepted is lost, and all is well once it is back", async () => {
    const accepted: { call: Caller; path: string }[] = [];
    const refused: number[] = [];
    const knock = async ({ call }: Door) => {
      while (refused.length < 3 * doors.length) {
        const path = createPath();
        const { status } = await call("PUT", path, { body: good });
        if (status === 202) accepted.push({ call, path });
        else refused.push(status);
      }
    };
    const knocking = Promise.all(doors.flatMap((door) => [knock(door), knock(door), knock(door)]));
    await waitUntil("every front door has accepted something", () => accepted.length > 30);
    await lab.server.kill("SIGKILL");
    await knocking;
    expect(new Set(refused)).toEqual(new Set([503]));
    await Promise.all(doors.map(expectRefusals));
    await lab.server.restart();
    await Promise.all(doors.map(awaitRecovery));
    for (const { call, path } of accepted) expect((await call("GET", path)).status).toBe(202);
  });

  test("when it hangs, nobody hangs with it", async () => {
    await lab.server.kill("SIGSTOP");
    try {
      await Promise.all(doors.map(expectRefusals));
    } finally {
      await lab.server.kill("SIGCONT");
    }
    await Promise.all(doors.map(awaitRecovery));
  });

  test("a caller who waits for a run is answered when its time is over", async () => {
    const asked = doors.map(async ({ call }) => {
      const path = createPath();
      expect((await call("PUT", path, { body: good })).status).toBe(202);
      const held = call("PUT", path, { body: good, headers: { Prefer: "wait=2" } });
      return { path, call, held };
    });
    const waiting = await Promise.all(asked);
    await lab.server.kill("SIGKILL");
    for (const { held } of waiting) expect([202, 503]).toContain((await held).status);
    await lab.server.restart();
    await Promise.all(doors.map(awaitRecovery));
    for (const { call, path } of waiting) expect((await call("GET", path)).status).toBe(202);
  });

  test("every 503 came within a second", () => {
    const slowest = Object.fromEntries(doors.map((door) => [door.name, readSlowest(door)]));
    for (const name of Object.keys(slowest)) expect([name, slowest[name]]).toEqual([name, expect.toSatisfy(isSoon)]);
  });
});

const isSoon = (milliseconds: number) => milliseconds < 1000;

describe("A Worker that is idle", () => {
  const countFrontDoors = async () => (await lab.listClients()).filter((name) => name === "front-door").length;

  test("lets go of its connection, and has another one when it is needed", async () => {
    await Promise.all(doors.map(awaitRecovery));
    expect(await countFrontDoors()).toBe(3);
    await waitUntil("the Worker's connection is closed", async () => (await countFrontDoors()) === 2);
    for (const { call } of doors) expect((await call("PUT", createPath(), { body: good })).status).toBe(202);
    expect(await countFrontDoors()).toBe(3);
  });
});
