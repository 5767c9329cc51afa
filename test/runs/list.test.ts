import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { interceptBus } from "../../src/bus.fixture.ts";
import { createMemoryBus } from "../../src/bus/memory/memory-bus.ts";
import { BusUnavailable, type Bus } from "../../src/bus/port.ts";
import { ClusterList } from "../../src/contract/runs-api/cluster-list.ts";
import { RunDetails } from "../../src/contract/runs-api/run-details.ts";
import { RunList } from "../../src/contract/runs-api/run-summary.ts";
import { encodeMessage } from "../../src/contract/decode.ts";
import { createRunId, range } from "../bus/stage.ts";
import { clusters, openStage, sealed } from "./stage.ts";

const idsOf = (body: { runs: { id: string }[] }) => body.runs.map(({ id }) => id);

describe("GET /runs", () => {
  test("is empty where nothing has run", async () => {
    const { json } = await openStage();
    expect(await json("/runs")).toEqual({ status: 200, body: { runs: [] } });
  });

  test("lists the runs of all clusters, newest first, each with its status, and nothing sealed", async () => {
    const { json, write } = await openStage();
    const first = await write.run("prod");
    const second = await write.run("test", ["requested", "accepted"]);
    const third = await write.run("prod", ["requested", "failed"], {
      failure: { reason: "exit-code", message: "Main exited with 3" },
    });
    const { status, body } = await json("/runs");
    expect(status).toBe(200);
    expect(v.is(RunList, body)).toBe(true);
    expect(body.next).toBeUndefined();
    expect(body.runs).toMatchObject([
      { id: third.runId, cluster: "prod", status: "failed", reason: "exit-code" },
      { id: second.runId, cluster: "test", status: "accepted" },
      { id: first.runId, cluster: "prod", status: "succeeded", driver: "container", type: "s3", action: "create" },
    ]);
    expect(body.runs[2]).toMatchObject({
      requestedAt: "2027-01-15T08:00:00.000Z",
      endedAt: "2027-01-15T08:00:05.000Z",
    });
    expect(body.runs[1].endedAt).toBeUndefined();
    expect(JSON.stringify(body)).not.toContain(sealed);
  });

  test("pages bring every run once, in order, whatever their size, also while new ones come", async () => {
    const { json, write } = await openStage();
    const all: string[] = [];
    for (const i of range(40)) all.unshift((await write.run(clusters[i % 3 === 0 ? 1 : 0] ?? "prod")).runId);
    for (const limit of [1, 7, 39, 40, 41, 200]) {
      const read: string[] = [];
      let query = `limit=${limit}`;
      for (;;) {
        const { body } = await json(`/runs?${query}`);
        expect(body.runs.length).toBeLessThanOrEqual(limit);
        read.push(...idsOf(body));
        if (body.next === undefined) break;
        query = `limit=${limit}&cursor=${encodeURIComponent(body.next)}`;
      }
      expect(read).toEqual(all);
    }
    const { body: page } = await json("/runs?limit=10");
    await write.run("prod");
    const { body: rest } = await json(`/runs?limit=200&cursor=${encodeURIComponent(page.next)}`);
    expect([...idsOf(page), ...idsOf(rest)]).toEqual(all);
  });

  test("a run whose events lie far apart is one run, with its last state", async () => {
    const { json, write } = await openStage();
    const slow = await write.run("prod", ["requested", "accepted"]);
    for (const _ of range(30)) await write.run("prod");
    await write.event(slow, "succeeded");
    const read: { id: string; status: string }[] = [];
    for (let cursor = ""; ;) {
      const { body } = await json(`/runs?limit=5${cursor}`);
      read.push(...body.runs);
      if (body.next === undefined) break;
      cursor = `&cursor=${body.next}`;
    }
    expect(read).toHaveLength(31);
    expect(read.at(-1)).toMatchObject({ id: slow.runId, status: "succeeded" });
  });

  test("filters by cluster, driver, GUResID, status and time", async () => {
    const { json, write } = await openStage();
    const a = await write.run("prod", ["requested", "succeeded"], { guresid: "a".repeat(40) });
    const b = await write.run("test", ["requested", "failed"], { driver: "opentofu" });
    const c = await write.run("prod", ["requested"], {});
    const ask = async (query: string) => idsOf((await json(`/runs?${query}`)).body);
    expect(await ask("cluster=prod")).toEqual([c.runId, a.runId]);
    expect(await ask("cluster=nowhere")).toEqual([]);
    expect(await ask("driver=opentofu")).toEqual([b.runId]);
    expect(await ask(`guresid=${"a".repeat(40)}`)).toEqual([a.runId]);
    expect(await ask("status=failed")).toEqual([b.runId]);
    expect(await ask("status=requested&cluster=test")).toEqual([]);
    expect(await ask("since=2027-01-15T08:00:02Z")).toEqual([c.runId, b.runId]);
    expect(await ask("since=2027-01-15T08:00:03%2B01:00")).toEqual([c.runId, b.runId, a.runId]);
    expect(await ask("since=2099-01-01T00:00:00Z")).toEqual([]);
  });

  test("a page reads only so much, and says where to go on, even if it has found nothing", async () => {
    let reads = 0;
    const bus = createMemoryBus();
    const counted = interceptBus(bus, ({ operation }) => {
      if (operation === "events.page") reads += 64;
      if (operation === "events.last") reads++;
    });
    const { json, write } = await openStage({ bus, appBus: counted });
    const rare = await write.run("prod", ["requested", "failed"]);
    for (const _ of range(1500)) await write.run("prod", ["requested", "accepted", "running", "succeeded"]);
    const pages: number[] = [];
    const found: string[] = [];
    for (let cursor = ""; ;) {
      const before = reads;
      const { body } = await json(`/runs?status=failed${cursor}`);
      pages.push(reads - before);
      found.push(...idsOf(body));
      if (body.next === undefined) break;
      cursor = `&cursor=${body.next}`;
    }
    expect(found).toEqual([rare.runId]);
    expect(pages.length).toBeGreaterThan(1);
    expect(Math.max(...pages)).toBeLessThan(4500);
    reads = 0;
    await json("/runs?limit=10");
    expect(reads).toBeLessThan(200);
  });

  test.each(["page", "last"] as const)(
    "what is read at a %s beside the events themselves counts as well",
    async (call) => {
      const bus = createMemoryBus();
      let reads = 0;
      const bytes = 1024 * 1024;
      const events: Bus["events"] = {
        ...bus.events,
        async page(cluster, options) {
          reads++;
          const page = await bus.events.page(cluster, options);
          return call === "page" ? { ...page, bytes } : page;
        },
        async last(address) {
          const last = await bus.events.last(address);
          return call === "last" && last !== undefined ? { ...last, bytes } : last;
        },
      };
      const { json, write } = await openStage({ bus, appBus: { ...bus, events } });
      for (const _ of range(3000)) await write.run("prod", ["requested"]);
      const { body } = await json("/runs?status=failed");
      expect(body).toMatchObject({ runs: [], behind: ["prod"] });
      // 16 MiB for two clusters, and 64 entries a page.
      expect(reads).toBeLessThan(call === "page" ? 12 : 4);
    },
  );

  test("a cluster full of what nobody looks for hides nothing of the others, and nothing is lost or comes twice", async () => {
    const { json, open, write, bus } = await openStage();
    const expected: string[] = [];
    for (const _ of range(3)) expected.unshift((await write.run("prod")).runId);
    const hidden = await write.run("test");
    const noise = { cluster: "test", runId: createRunId() };
    for (let i = 0, after = 0; i < 5000; i++) {
      const appended = await bus.events.append(noise, encodeMessage({}), { id: `${i}`, after });
      after = appended.kind === "appended" ? appended.sequence : expect.unreachable();
    }
    const newest = await write.run("prod");
    const first = (await json("/runs?limit=2")).body;
    expect([idsOf(first), first.behind]).toEqual([[newest.runId, expected[0]], ["test"]]);
    expect(await (await open("/", { Accept: "text/html" })).text()).toContain("more of test has to be looked through");
    const read = idsOf(first);
    let pages = 1;
    for (let { next } = first; next !== undefined; pages++) {
      const { body } = await json(`/runs?limit=2&cursor=${encodeURIComponent(next)}`);
      read.push(...idsOf(body));
      ({ next } = body);
    }
    // Its own runs come when they are found, wherever that is.
    expect(read.filter((id) => id !== hidden.runId)).toEqual([newest.runId, ...expected]);
    expect(read.filter((id) => id === hidden.runId)).toHaveLength(1);
    expect(pages).toBeLessThan(8);
  });

  test("what one cluster doesn't need to find its first run others may read", async () => {
    const { json, write } = await openStage();
    const all: string[] = [];
    for (const _ of range(450)) all.unshift((await write.run("prod")).runId);
    expect(idsOf((await json("/runs?limit=200")).body)).toEqual(all.slice(0, 200));
    const rare = await json("/runs?limit=200&guresid=nobody-has-this");
    expect(rare.body).toMatchObject({ runs: [], behind: ["prod"], next: expect.any(String) });
  });

  test.each([
    ["limit=0", "limit"],
    ["limit=201", "at most 200"],
    ["limit=ten", "whole number"],
    ["status=done", "status"],
    ["since=yesterday", "time such as"],
    ["since=2027-01-15T08:00:00%2B01", "time such as"],
    ["since=2027-02-31T08:00:00Z", "time such as"],
    ["cursor=prod", "cursor"],
    ["cursor=prod:1,*:2", "cursor"],
    ["cluster=*", "cluster"],
    ["guresid=x", "guresid"],
    ["clusters=prod", "known: cluster, driver"],
    ["status=failed&status=succeeded", "more than once"],
  ])("refuses %s with the reason", async (query, reason) => {
    const { json } = await openStage();
    const { status, body } = await json(`/runs?${query}`);
    expect([status, body.error]).toEqual([400, "RES-100"]);
    expect(body.message).toContain(reason);
  });

  test("a cluster that can't be reached hides nothing of the others; when none can be, it is 503", async () => {
    const bus = createMemoryBus();
    const away = new Set(["test"]);
    const cut = interceptBus(bus, ({ operation, key }) => {
      if (operation === "events.page" && away.has(key)) throw new BusUnavailable("read");
    });
    const { json, write } = await openStage({ bus, appBus: cut });
    const run = await write.run("prod");
    await write.run("test");
    const { status, body } = await json("/runs");
    expect([status, idsOf(body), body.unreachable]).toEqual([200, [run.runId], ["test"]]);
    away.add("prod");
    expect(await json("/runs")).toMatchObject({ status: 503, body: { error: "RES-151" } });
  });

  test("what an agent writes about another cluster's run, or what can't be read, shows nowhere", async () => {
    const { json, lines, write, bus } = await openStage();
    const honest = await write.run("prod");
    const liar = { cluster: "test", runId: createRunId() };
    await write.event(liar, "requested", { cluster: "prod", runId: honest.runId });
    const broken = { cluster: "test", runId: createRunId() };
    await bus.events.append(broken, encodeMessage({ hello: "world" }), { id: "x", after: 0 });
    expect(idsOf((await json("/runs")).body)).toEqual([honest.runId]);
    for (const { runId } of [liar, broken]) expect((await json(`/runs/${runId}`)).status).toBe(404);
    expect(await lines("/events?since=2000-01-01T00:00:00Z")).toHaveLength(6);
  });
});

describe("GET /runs/<id>", () => {
  test("tells the run's story: phases with their times, agent, commit, outputs by name, warnings", async () => {
    const { json, write } = await openStage();
    const run = { cluster: "test", runId: createRunId() };
    await write.event(run, "requested");
    await write.event(run, "accepted", { agent: "agent-1" });
    await write.event(run, "starting");
    await write.event(run, "running", { commit: "0123abc" });
    await write.event(run, "warned", { warning: "PIN is too short to be masked" });
    await write.event(run, "adopted", { agent: "agent-2" });
    await write.event(run, "collecting");
    await write.event(run, "succeeded", { outputs: { values: ["host"], secrets: ["password"], manifests: 1 } });
    const { status, body } = await json(`/runs/${run.runId}`);
    expect(status).toBe(200);
    expect(v.is(RunDetails, body)).toBe(true);
    expect(body).toMatchObject({
      id: run.runId,
      cluster: "test",
      status: "succeeded",
      agent: "agent-2",
      commit: "0123abc",
      waiting: false,
      outputs: { values: ["host"], secrets: ["password"], manifests: 1 },
      warnings: [{ time: "2027-01-15T08:00:04.000Z", message: "PIN is too short to be masked" }],
    });
    expect(body.phases).toEqual([
      { phase: "requested", startedAt: "2027-01-15T08:00:00.000Z", milliseconds: 1000 },
      { phase: "accepted", startedAt: "2027-01-15T08:00:01.000Z", milliseconds: 1000 },
      { phase: "starting", startedAt: "2027-01-15T08:00:02.000Z", milliseconds: 1000 },
      { phase: "running", startedAt: "2027-01-15T08:00:03.000Z", milliseconds: 3000 },
      { phase: "collecting", startedAt: "2027-01-15T08:00:06.000Z", milliseconds: 1000 },
      { phase: "succeeded", startedAt: "2027-01-15T08:00:07.000Z" },
    ]);
    expect(JSON.stringify(body)).not.toContain(sealed);
  });

  test("says only so much, whatever an agent has written: warnings are cut and counted, and the last event counts", async () => {
    const { json, open, write } = await openStage();
    const run = { cluster: "test", runId: createRunId() };
    await write.event(run, "requested");
    for (const i of range(150)) await write.event(run, "warned", { warning: `${i}${"w".repeat(10_000)}` });
    await write.event(run, "failed", { failure: { reason: "exit-code", message: "Main exited with 3" } });
    const { body } = await json(`/runs/${run.runId}`);
    expect(v.is(RunDetails, body)).toBe(true);
    expect(body).toMatchObject({ status: "failed", reason: "exit-code", unlistedWarnings: 50 });
    expect(body.warnings).toHaveLength(100);
    const cut = `99${"w".repeat(4094)} [cut: it is 10002 characters, the limit is 4096 characters]`;
    expect(body.warnings[99].message).toBe(cut);
    const page = await (await open(`/runs/${run.runId}`, { Accept: "text/html" })).text();
    expect(page).toContain("and 50 more");
    expect(page.length).toBeLessThan(1_000_000);
  });

  test.each([
    ["large", 40, 500_000],
    ["many", 5000, 0],
  ])("reads only so much of a run whose events are %s, and says so", async (_, count, length) => {
    let read = 0;
    const bus = createMemoryBus();
    const follow: typeof bus.events.follow = async function* (...call) {
      for await (const entry of bus.events.follow(...call)) {
        read++;
        yield entry;
      }
    };
    const { json, write } = await openStage({ bus, appBus: { ...bus, events: { ...bus.events, follow } } });
    const run = { cluster: "test", runId: createRunId() };
    await write.event(run, "requested");
    for (const i of range(count))
      await write.event(run, i % 2 === 0 ? "accepted" : "running", { sealed: "x".repeat(length) });
    await write.event(run, "succeeded");
    const { body } = await json(`/runs/${run.runId}`);
    expect(read).toBeLessThan(Math.min(count, 4100));
    expect(body.status).toBe("succeeded");
    expect(body.phases.length).toBeLessThanOrEqual(64);
    expect(body.phases.at(-1).phase).toBe("succeeded");
    expect(body.warnings[0].message).toContain("Not all of this run's events are shown");
  });

  test("says why a run failed, and that one waits for an agent", async () => {
    const { json, write } = await openStage();
    const failure = { reason: "out-of-memory", message: "Main used more memory", evidence: { exitCode: 137 } };
    const failed = await write.run("prod", ["requested", "failed"], { failure });
    expect((await json(`/runs/${failed.runId}`)).body).toMatchObject({ failure, reason: "out-of-memory" });
    const placed = await write.run("prod", ["requested"]);
    expect((await json(`/runs/${placed.runId}`)).body).toMatchObject({ status: "requested", waiting: true });
  });

  test.each([createRunId(), "x", "*", "%3E", "01jd0v8e3k7xw2m4n6p8q0r1s2.x", "__proto__"])(
    "knows no run %s",
    async (id) => {
      const { json } = await openStage();
      for (const rest of ["", "/events", "/logs"])
        expect(await json(`/runs/${id}${rest}`)).toMatchObject({ status: 404, body: { error: "RES-109" } });
    },
  );
});

test("a run is found though another cluster can't be reached; whether there is none then can't be told: 503", async () => {
  const bus = createMemoryBus();
  const cut = interceptBus(bus, () => undefined);
  const events = {
    ...cut.events,
    last: (address: Parameters<typeof cut.events.last>[0]) =>
      address.cluster === "test" ? Promise.reject(new BusUnavailable("read")) : cut.events.last(address),
  };
  const { json, write } = await openStage({ bus, appBus: { ...cut, events } });
  const run = await write.run("prod");
  expect((await json(`/runs/${run.runId}`)).status).toBe(200);
  expect((await json(`/runs/${createRunId()}`)).status).toBe(503);
});

describe("GET /clusters", () => {
  test("lists the clusters, their agents, and whether runs wait there", async () => {
    const { json, bus } = await openStage();
    const agent = { cluster: "prod", agent: "agent-1" };
    const said = { v: 1, ...agent, version: "1.2.3", launcher: "local", capacity: 7, time: "2027-01-15T08:00:00.000Z" };
    await bus.agents.announce(agent, encodeMessage(said));
    await bus.agents.announce({ ...agent, agent: "agent-2" }, encodeMessage({ v: 2 }));
    const { status, body } = await json("/clusters");
    expect(status).toBe(200);
    expect(v.is(ClusterList, body)).toBe(true);
    expect(body).toEqual({
      clusters: [
        {
          name: "prod",
          agents: [
            { name: "agent-1", version: "1.2.3", launcher: "local", capacity: 7, lastSeen: "2027-01-15T08:00:00.000Z" },
          ],
          waiting: false,
        },
        { name: "test", agents: [], waiting: true },
      ],
    });
    await bus.close();
  });
});
