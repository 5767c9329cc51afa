/** What becomes of runs: one at a time, told once, refreshed, routed to clusters. */
import { describe, expect, test } from "vitest";
import { buildBody, cluster, createStage, failWith, guresid, succeedWith, type Reply } from "./app.fixture.ts";
import { interceptBus } from "./bus.fixture.ts";
import { createMemoryBus } from "./bus/memory/memory-bus.ts";
import { parseJson } from "./contract/json.ts";
import { createClusterDirectory } from "./driver/cluster-directory.ts";
import { createParties } from "./sealing/sealing.fixture.ts";

const parties = await createParties();
const key = `container.${guresid}`;
const count = (replies: readonly Reply[]) =>
  replies.reduce<Record<number, number>>((all, { status }) => ({ ...all, [status]: (all[status] ?? 0) + 1 }), {});

describe("one run at a time", () => {
  test("200 equal PUTs at once place one run", async () => {
    const placed = new Set<string>();
    const bus = createMemoryBus();
    const appBus = interceptBus(bus, ({ operation, key }) => {
      if (operation === "requests.place") placed.add(key);
    });
    const stage = await createStage({ parties, bus, appBus });

    const replies = await Promise.all(Array.from({ length: 200 }, () => stage.put()));

    expect(count(replies)).toEqual({ 202: 200 });
    expect(new Set(replies.map(({ runId }) => runId)).size).toBe(1);
    expect([...placed]).toEqual([replies[0]?.runId]);
  });

  test("of 200 different PUTs at once one wins, and the others are told that it is busy", async () => {
    const stage = await createStage({ parties });
    const replies = await Promise.all(Array.from({ length: 200 }, (_, n) => stage.put(buildBody({ n }))));
    expect(count(replies)).toEqual({ 202: 1, 409: 199 });
    expect(new Set(replies.map(({ runId }) => runId)).size).toBe(1);
  });

  test("PUTs and DELETEs at once come to one run or none after the other", async () => {
    const stage = await createStage({ parties });
    await stage.put();
    await (await stage.takeRun()).end(succeedWith());
    await stage.put();
    const replies = await Promise.all(
      Array.from({ length: 60 }, (_, n) => (n % 2 === 0 ? stage.delete() : stage.put(buildBody({ n: 1 })))),
    );
    expect(count(replies)).toEqual({ 202: 30, 409: 30 });
    expect(new Set(replies.map(({ runId }) => runId)).size).toBe(1);
  });

  test("two resources with equal bodies have runs of their own", async () => {
    const stage = await createStage({ parties });
    const one = await stage.put();
    const other = await stage.put(undefined, { path: "/drivers/container/another" });
    expect(other.status).toBe(202);
    expect(other.runId).not.toBe(one.runId);
  });

  test("the same body is the same however it is written, and one digit makes another", async () => {
    const stage = await createStage({ parties });
    const write = (resource: string) =>
      `{"type":"s3", "resource":${resource}, "driver":{"secrets":{}, "values":{"job":{"image":"runner"}}}}`;
    const first = await stage.put(write('{"a":1.0,"b":{"c":9007199254740993}}'));
    const same = await stage.put(write('{ "b": {"c":9007199254740993}, "a":1.0 }'));
    expect([same.status, same.runId]).toEqual([202, first.runId]);
    expect((await stage.put(write('{"a":1.0,"b":{"c":9007199254740992}}'))).status).toBe(409);
    expect((await stage.put(write('{"a":1,"b":{"c":9007199254740993}}'))).status).toBe(409);
  });
});

describe("how a run ended", () => {
  test("outputs come back byte for byte", async () => {
    const text =
      '{"n":9007199254740993,"f":1.0,"e":1e400,"z":-0,"u":"ü😀\\u0000\\ud800","l":[null,[true,{}]],"constructor":{"x":1}}';
    const parsed = parseJson(text);
    const values = parsed.ok ? (parsed.value as Record<string, string>) : {};
    const manifests = [{ location: "volumes" as const, data: values }];
    const stage = await createStage({ parties });
    await stage.put();
    await (await stage.takeRun()).end({ kind: "succeeded", outputs: { values, secrets: values, manifests } });

    const answer = `{"id":"${guresid}","type":"s3","resource":{"values":${text},"secrets":${text}},"manifests":[{"location":"volumes","data":${text}}]}`;
    for (const ask of [stage.get, stage.put, stage.put, stage.get]) expect((await ask()).text).toBe(answer);
  });

  test("a failure is told once, and the same request then starts a new run", async () => {
    const stage = await createStage({ parties });
    const first = await stage.put();
    await (await stage.takeRun()).end(failWith("exited 3"));
    const told = await stage.put();
    expect([told.status, told.body["message"], told.runId]).toEqual([400, "exited 3", first.runId]);
    const second = await stage.put();
    expect(second.status).toBe(202);
    expect(second.runId).not.toBe(first.runId);
  });

  test("everybody who waited for a run is told of its failure, and no second run starts", async () => {
    const stage = await createStage({ parties });
    await stage.put();
    const waiting = Array.from({ length: 20 }, () => stage.put(undefined, { prefer: "wait=20" }));
    const played = await stage.takeRun();
    await played.report("running");
    await played.end(failWith("exited 3"));
    const replies = await Promise.all(waiting);
    expect(count(replies)).toEqual({ 400: 20 });
    expect(new Set(replies.map(({ runId }) => runId))).toEqual(new Set([played.run.order.runId]));
  });

  test("who waits for a destroy is told that the resource is gone, as often as it was asked", async () => {
    const stage = await createStage({ parties });
    await stage.put();
    await (await stage.takeRun()).end(succeedWith());
    const waiting = Array.from({ length: 10 }, () => stage.delete({ prefer: "wait=20" }));
    await (await stage.takeRun()).end(succeedWith());
    expect(count(await Promise.all(waiting))).toEqual({ 204: 10 });
    expect((await stage.get()).status).toBe(404);
    expect(await stage.bus.records.get(key)).toBeUndefined();
    expect(await stage.bus.records.get(`${key}.result`)).toBeUndefined();
  });

  test("after a destroy a resource is new again, even if its create fails", async () => {
    const stage = await createStage({ parties });
    await stage.put();
    await (await stage.takeRun()).end(succeedWith());
    await stage.put();
    await stage.delete();
    await (await stage.takeRun()).end(succeedWith());
    expect((await stage.put()).body["status"]).toBe("creating");
    await (await stage.takeRun()).end(failWith("exited 3"));
    expect((await stage.put()).status).toBe(400);
    expect((await stage.put()).body["status"]).toBe("creating");
  });

  test("outputs outlive the events that told of them", async () => {
    const bus = createMemoryBus({ maxEvents: 1 });
    const stage = await createStage({ parties, bus });
    await stage.put();
    await (await stage.takeRun()).end(succeedWith({ url: "a" }));
    await stage.put();
    await stage.put(undefined, { path: "/drivers/container/another" });
    for (const reply of [await stage.put(), await stage.get()]) {
      expect([reply.status, reply.body["resource"]]).toEqual([200, { values: { url: "a" }, secrets: {} }]);
    }
  });

  test("a failure outlives its events too", async () => {
    const bus = createMemoryBus({ maxEvents: 1 });
    const stage = await createStage({ parties, bus });
    await stage.put();
    await (await stage.takeRun()).end(failWith("exited 3"));
    await stage.put();
    await stage.put(undefined, { path: "/drivers/container/another" });
    const reply = await stage.get();
    expect([reply.status, reply.body["message"]]).toEqual([400, "exited 3"]);
  });

  test("a run without events is lost after an hour: told as a failure, then started anew", async () => {
    const bus = createMemoryBus({ maxEvents: 1 });
    const stage = await createStage({ parties, bus });
    const first = await stage.put();
    await stage.put(undefined, { path: "/drivers/container/another" });
    stage.advance(3_600_001);
    const lost = /^Cannot say how the run ended: it has left no events/;
    expect((await stage.get()).body["message"]).toMatch(lost);
    const told = await stage.put();
    expect([told.status, told.runId]).toEqual([400, first.runId]);
    expect(told.body["message"]).toMatch(lost);
    expect((await stage.get()).body["message"]).toMatch(lost);
    expect((await stage.put()).status).toBe(202);
  });

  test("the longer a run lasts, the later the caller is asked to come back", async () => {
    const stage = await createStage({ parties });
    await stage.put();
    const retryAfter = async (milliseconds: number) => {
      stage.advance(milliseconds);
      return (await stage.get()).headers.get("Retry-After");
    };
    // Reports have no Retry-After of their own; PUT and GET speak of the same run.
    expect([await retryAfter(0), await retryAfter(9999), await retryAfter(1), await retryAfter(50_000)]).toEqual([
      "1",
      "1",
      "3",
      "10",
    ]);
  });
});

describe("a front door that is restarted", () => {
  test("answers as before, from the same bus", async () => {
    const bus = createMemoryBus();
    const first = await createStage({ parties, bus });
    const { runId } = await first.put();
    const second = await createStage({ parties, bus });
    expect((await second.put()).runId).toBe(runId);
    await (await second.takeRun()).end(succeedWith({ url: "a" }));
    const third = await createStage({ parties, bus });
    expect(await third.put()).toMatchObject({ status: 200, runId });
    expect(await (await createStage({ parties, bus })).put()).toMatchObject({ status: 200, runId });
  });

  test("destroys with the inputs of the last create, secrets included", async () => {
    const bus = createMemoryBus();
    const first = await createStage({ parties, bus });
    await first.put(buildBody({ size: 2 }, {}, { account: { key: "s3cr3t" } }));
    await (await first.takeRun()).end(succeedWith());
    const second = await createStage({ parties, bus });
    await second.delete();
    const { run } = await second.takeRun();
    expect(run.order.action).toBe("destroy");
    expect(run.inputs).toMatchObject({ resource: { size: 2 }, secrets: { account: { key: "s3cr3t" } } });
  });

  test("with a new run secret still knows bodies and outputs of before", async () => {
    const bus = createMemoryBus();
    const first = await createStage({ parties, bus });
    const { runId } = await first.put();
    await (await first.takeRun()).end(succeedWith({ url: "a" }));
    const added = await createParties({ clusterFile: parties.clusterFile });
    const [newest] = added.frontDoor.runSecrets;
    const keys = { ...parties.frontDoor, runSecrets: [newest, ...parties.frontDoor.runSecrets] as const };
    const second = await createStage({ parties, bus, keys });
    expect(await second.put()).toMatchObject({ status: 200, runId });
    expect((await second.put(buildBody({ size: 2 }))).status).toBe(202);
    await (await second.takeRun()).end(succeedWith({ url: "b" }));
    expect((await second.put(buildBody({ size: 2 }))).text).toContain('"url":"b"');
  });

  test("without the run secret of another one says so, and neither runs again what has run nor calls it lost", async () => {
    const bus = createMemoryBus();
    const added = await createParties({ clusterFile: parties.clusterFile });
    const [newest] = added.frontDoor.runSecrets;
    const keys = { ...parties.frontDoor, runSecrets: [newest, ...parties.frontDoor.runSecrets] as const };
    const [newer, older] = [await createStage({ parties, bus, keys }), await createStage({ parties, bus })];
    const expectRefusal = async () => {
      for (const { status, text, headers } of [await older.put(), await older.put(buildBody({ size: 2 }))]) {
        expect([status, headers.get("Retry-After")]).toEqual([503, "5"]);
        expect(text).toContain(`doesn't have the run secret \\"${newest.id}\\"`);
      }
    };
    const { runId } = await newer.put();
    const played = await newer.takeRun();
    await expectRefusal();
    await played.end(succeedWith({ url: "a" }));
    await expectRefusal();
    for (const { status } of [await older.get(), await older.delete()]) expect(status).toBe(503);
    expect(await newer.put()).toMatchObject({ status: 200, runId });
    // It is told, and on record.
    await expectRefusal();
    expect((await older.get()).status).toBe(503);
    expect(await newer.put()).toMatchObject({ status: 200, runId });
    // To destroy it, only its cluster's key is needed.
    expect((await older.delete()).status).toBe(202);
  });
});

describe("waiting", () => {
  test("ends as soon as the run does, with the outputs", async () => {
    const stage = await createStage({ parties });
    const pending = stage.put(undefined, { prefer: "wait=25" });
    const played = await stage.takeRun();
    await played.report("running");
    await played.end(succeedWith({ url: "a" }));
    expect(await pending).toMatchObject({ status: 200, runId: played.run.order.runId });
  });

  test("ends when its time is up, with the progress", async () => {
    const stage = await createStage({ parties });
    const begun = performance.now();
    const reply = await stage.put(undefined, { prefer: "wait=1" });
    expect(reply.status).toBe(202);
    expect(performance.now() - begun).toBeGreaterThan(900);
    expect(performance.now() - begun).toBeLessThan(15_000);
  });

  test("is what a configured default says, unless the request says otherwise", async () => {
    const stage = await createStage({ parties, defaultWaitSeconds: 20 });
    expect((await stage.put(undefined, { prefer: "wait=0" })).status).toBe(202);
    const pending = stage.put();
    await (await stage.takeRun()).end(succeedWith());
    expect((await pending).status).toBe(200);
  });

  test("does not hold back an answer that is there already", async () => {
    const stage = await createStage({ parties });
    await stage.put();
    expect((await stage.put(buildBody({ size: 2 }), { prefer: "wait=25" })).status).toBe(409);
    expect((await stage.get({ prefer: "wait=25" })).status).toBe(202);
    expect((await stage.delete({ prefer: "wait=25" })).status).toBe(409);
  });

  test("is not begun by who doesn't wait", async () => {
    const followed: string[] = [];
    const bus = createMemoryBus();
    const appBus = interceptBus(
      bus,
      ({ operation, key }) => void (operation === "events.follow" && followed.push(key)),
    );
    const stage = await createStage({ parties, bus, appBus });
    for (let n = 0; n < 3; n++) expect((await stage.put()).status).toBe(202);
    expect(followed).toEqual([]);
  });

  test("sends a request that it has placed itself only once", async () => {
    const sent: string[] = [];
    const bus = createMemoryBus();
    const appBus = interceptBus(bus, ({ operation }) => void (operation === "requests.place" && sent.push(operation)));
    const stage = await createStage({ parties, bus, appBus });
    const pending = stage.put(undefined, { prefer: "wait=20" });
    await (await stage.takeRun()).end(succeedWith());
    await pending;
    expect(sent).toHaveLength(1);
  });
});

describe("source.refresh", () => {
  const source = { url: "https://git.example/r", ref: "main", refresh: true };
  const body = buildBody({}, { source });

  async function provision() {
    const stage = await createStage({ parties });
    await stage.put(body);
    const played = await stage.takeRun();
    expect(played.run.order).not.toHaveProperty("unlessCommit");
    await played.end(succeedWith({ url: "a" }, { commit: "c1" }));
    expect((await stage.put(body)).status).toBe(200);
    return stage;
  }

  test("looks at the branch when the same body comes after a success, and answers as before when it hasn't moved", async () => {
    const stage = await provision();
    for (let look = 0; look < 2; look++) {
      expect(await stage.put(body)).toMatchObject({ status: 202, body: { status: "updating" } });
      const played = await stage.takeRun();
      expect(played.run.order.unlessCommit).toBe("c1");
      await played.end(succeedWith({}, { unchanged: true }));
      const reply = await stage.put(body);
      expect([reply.status, reply.body["resource"]]).toEqual([200, { values: { url: "a" }, secrets: {} }]);
    }
    expect((await stage.get()).text).toContain('"url":"a"');
  });

  test("has new outputs, and another commit to compare with, when the branch has moved", async () => {
    const stage = await provision();
    await stage.put(body);
    await (await stage.takeRun()).end(succeedWith({ url: "b" }, { commit: "c2" }));
    expect((await stage.put(body)).text).toContain('"url":"b"');
    await stage.put(body);
    expect((await stage.takeRun()).run.order.unlessCommit).toBe("c2");
  });

  test("looks without a condition after a failure", async () => {
    const stage = await provision();
    await stage.put(body);
    await (await stage.takeRun()).end(failWith("git was away"));
    expect((await stage.put(body)).status).toBe(400);
    await stage.put(body);
    expect((await stage.takeRun()).run.order).not.toHaveProperty("unlessCommit");
  });

  test("left out, a success is answered without a run", async () => {
    const stage = await createStage({ parties });
    const still = buildBody({}, { source: { url: "https://git.example/r" } });
    await stage.put(still);
    await (await stage.takeRun()).end(succeedWith({}, { commit: "c1" }));
    expect([(await stage.put(still)).status, (await stage.put(still)).status]).toEqual([200, 200]);
  });
});

describe("clusters", () => {
  const key = parties.clusterKey;
  const clusters = (names: string[], more = {}) =>
    createClusterDirectory({ clusters: names.map((name) => ({ name, key })), ...more });
  const ask = async (directory: ReturnType<typeof clusters>, requested?: unknown) => {
    const stage = await createStage({ parties, clusters: directory });
    const values = requested === undefined ? {} : { cluster: requested as string };
    const reply = await stage.put(buildBody({}, values));
    return reply.status === 202
      ? "202"
      : `${reply.status} ${reply.body["error"] as string} ${reply.body["message"] as string}`;
  };

  test("the only one is the default, as is the configured one", async () => {
    expect(await ask(clusters(["a"]))).toBe("202");
    expect(await ask(clusters(["a", "b"], { defaultCluster: "b" }))).toBe("202");
    expect(await ask(clusters(["a", "b"]))).toBe(
      "400 RES-107 driver.values.cluster is missing, and there is no default cluster; known: a, b",
    );
    expect(await ask(clusters([]))).toMatch(/^400 RES-107 .*known: none$/);
  });

  test("a name leads to its cluster, by itself, by a route, or to where all others lead", async () => {
    expect(await ask(clusters(["a", "b"]), "b")).toBe("202");
    expect(await ask(clusters(["a", "b"], { routes: { "acme-eu": "b" } }), { cluster: { name: "acme-eu" } })).toBe(
      "202",
    );
    expect(await ask(clusters(["a", "b"], { catchAll: "b" }), "anything at all")).toBe("202");
  });

  test.for(["c", "constructor", "__proto__", "A", "../a", ""])(
    "%j is not a cluster, and the known ones are told",
    async (name) => {
      const directory = clusters(["a", "b"], { routes: { r: "b" } });
      expect(await ask(directory, { name })).toMatch(/^400 RES-107 driver\.values\.cluster .*known: (a, b, r|a, b)$/);
    },
  );

  test("a resource whose cluster is gone can be asked for, but not destroyed, until the cluster is back", async () => {
    const bus = createMemoryBus();
    const stage = await createStage({ parties, bus });
    await stage.put();
    await (await stage.takeRun()).end(succeedWith({ url: "a" }));
    const without = await createStage({ parties, bus, clusters: clusters(["other"]) });
    expect((await without.put()).status).toBe(200);
    expect((await without.get()).status).toBe(200);
    const refused = await without.delete();
    expect([refused.status, refused.body["error"]]).toEqual([400, "RES-107"]);
    expect(refused.body["message"]).toContain(`created in cluster ${cluster}, which is not known any more`);
    expect((await stage.delete()).status).toBe(202);
  });
});

test("the run's deadline is told with the progress, from the request's timeout", async () => {
  const stage = await createStage({ parties });
  const reply = await stage.put(buildBody({}, { timeout: 90 }));
  expect(reply.body["timeout"]).toBe("2027-01-15T08:01:30.000Z");
});
