/** What a token may see and do. */
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { buildBody, path } from "../../src/app.fixture.ts";
import { createConsoleLogger } from "../../src/log.ts";
import { createAuthentication, requireToken } from "../../src/middleware/authenticate/authenticate.ts";
import { parseAuthenticationConfig } from "../../src/middleware/authenticate/config.ts";
import { allRights } from "../../src/middleware/authenticate/rights.ts";
import { accept } from "../../src/middleware/authenticate/verdict.ts";
import { openStage, parseSse, readPieces, sse } from "./stage.ts";

const names = ["all", "reader", "canceller", "driver", "prod", "tofu"] as const;
type Name = (typeof names)[number];

const rights: Record<Name, object> = {
  all: {},
  reader: { may: ["read"] },
  canceller: { may: ["cancel"] },
  driver: { may: ["drive"] },
  prod: { clusters: ["prod"] },
  tofu: { drivers: ["opentofu"], may: ["read", "drive"] },
};

async function openGuardedStage() {
  const logger = createConsoleLogger({ write: () => undefined, now: () => new Date(), level: "silent" });
  const tokens = names.map((name) => ({
    name,
    sha256: createHash("sha256").update(`token-${name}`).digest("hex"),
    ...rights[name],
  }));
  const config = parseAuthenticationConfig({ tokens });
  if (!config.ok) throw new Error(config.problem);
  const authenticate = await createAuthentication(config.value, { logger, now: () => new Date() });
  if (!authenticate.ok) throw new Error(authenticate.problem);
  const stage = await openStage({ authenticate: authenticate.value });
  const ask = async (name: Name, method: string, target: string, body?: string) =>
    stage.app.request(target, {
      method,
      headers: { Authorization: `Bearer token-${name}` },
      ...(body === undefined ? {} : { body }),
    });
  const statusOf = async (...asked: Parameters<typeof ask>) => (await ask(...asked)).status;
  return { ...stage, ask, statusOf };
}

describe("A token", () => {
  test("is needed for everything but documents and health", async () => {
    const { json } = await openGuardedStage();
    for (const target of [
      "/runs",
      "/runs/x",
      "/runs/x/events",
      "/runs/x/logs",
      "/runs/x/cancel",
      "/events",
      "/clusters",
    ])
      expect(await json(target)).toMatchObject({ status: 401, body: { error: "RES-103" } });
    expect((await json("/docs/spec.json")).status).toBe(200);
  });

  test("may do what it says, and nothing else", async () => {
    const { statusOf, write } = await openGuardedStage();
    const { runId } = await write.run("prod", ["requested"]);
    const body = JSON.stringify(buildBody());
    const reads = ["/runs", `/runs/${runId}`, `/runs/${runId}/events`, `/runs/${runId}/logs`, "/clusters"];
    for (const [name, read, drive, cancel] of [
      ["reader", 200, 403, 403],
      ["canceller", 403, 403, 202],
      ["driver", 403, 202, 403],
      ["all", 200, 202, 202],
    ] as const) {
      for (const target of reads) expect([name, await statusOf(name, "GET", target)]).toEqual([name, read]);
      expect([name, await statusOf(name, "PUT", path, body)]).toEqual([name, drive]);
      expect([name, await statusOf(name, "POST", `/runs/${runId}/cancel`)]).toEqual([name, cancel]);
    }
    expect(await statusOf("reader", "DELETE", path)).toBe(403);
    expect(await statusOf("reader", "GET", path)).toBe(403);
  });

  test("for some clusters sees nothing of the others, which are as if they weren't there", async () => {
    const { ask, statusOf, write } = await openGuardedStage();
    const mine = await write.run("prod");
    const theirs = await write.run("test");
    const list = (await (await ask("prod", "GET", "/runs")).json()) as { runs: { id: string }[] };
    expect(list.runs.map(({ id }) => id)).toEqual([mine.runId]);
    for (const rest of ["", "/events", "/logs"]) {
      expect(await statusOf("prod", "GET", `/runs/${mine.runId}${rest}`)).toBe(200);
      expect(await statusOf("prod", "GET", `/runs/${theirs.runId}${rest}`)).toBe(404);
    }
    expect(await statusOf("prod", "POST", `/runs/${theirs.runId}/cancel`)).toBe(404);
    const all = await (await ask("prod", "GET", "/events?since=2000-01-01T00:00:00Z")).text();
    expect(all).not.toContain(theirs.runId);
    expect(all).toContain(mine.runId);
    expect(await (await ask("prod", "GET", "/clusters")).text()).not.toContain("test");
    expect(await (await ask("prod", "GET", "/runs?cluster=test")).json()).toEqual({ runs: [] });
    // Nor by a cursor that somebody else was given.
    const foreign = await (await ask("prod", "GET", "/events?after=test:0")).text();
    expect(foreign).not.toContain(theirs.runId);
  });

  test("for some drivers sees their runs, also among others in a stream", async () => {
    const { app, ask, statusOf, write } = await openGuardedStage();
    const mine = await write.run("prod", ["requested", "failed"], { driver: "opentofu" });
    const theirs = await write.run("prod", ["requested", "failed"]);
    expect(await (await ask("tofu", "GET", "/runs")).json()).toMatchObject({ runs: [{ id: mine.runId }] });
    expect(await statusOf("tofu", "GET", `/runs/${theirs.runId}`)).toBe(404);
    expect(await statusOf("tofu", "PUT", path, JSON.stringify(buildBody()))).toBe(403);
    const headers = { ...sse, Authorization: "Bearer token-tofu", "Last-Event-ID": "prod:0" };
    const client = readPieces(await app.request("/events", { headers }));
    await client.until((text) => parseSse(text).length === 2);
    const later = client.until((text) => parseSse(text).length === 3);
    await write.run("prod", ["requested"]);
    await write.run("test", ["requested"], { driver: "opentofu" });
    const seen = parseSse(await later);
    await client.leave();
    expect(seen.map(({ data }) => data.data.driver)).toEqual(["opentofu", "opentofu", "opentofu"]);
  });

  test("for some clusters drives only resources there", async () => {
    const { statusOf } = await openGuardedStage();
    const other = path.replace("3f78", "4f78");
    expect(await statusOf("prod", "PUT", path, JSON.stringify(buildBody()))).toBe(202);
    expect(await statusOf("prod", "PUT", other, JSON.stringify(buildBody({}, { cluster: "test" })))).toBe(403);
    expect(await statusOf("all", "PUT", other, JSON.stringify(buildBody({}, { cluster: "test" })))).toBe(202);
    expect(await statusOf("prod", "GET", other)).toBe(403);
    expect(await statusOf("prod", "DELETE", other)).toBe(403);
    expect(await statusOf("prod", "PUT", other, JSON.stringify(buildBody()))).toBe(403);
  });

  test.each([
    { may: [] },
    { may: ["write"] },
    { clusters: [] },
    { clusters: ["*"] },
    { drivers: ["a/b"] },
    { might: ["read"] },
  ])("with rights such as %j is refused at the start", (bad) => {
    const token = { name: "x", sha256: "a".repeat(64) };
    expect(parseAuthenticationConfig({ tokens: [{ ...token, ...bad }] }).ok).toBe(false);
    expect(parseAuthenticationConfig({ tokens: [token] }).ok).toBe(true);
  });
});

describe("POST /runs/<id>/cancel", () => {
  test("asks for the stop, again and again, and says when the run has ended", async () => {
    const { ask, write, bus } = await openGuardedStage();
    const run = await write.run("test", ["requested", "running"]);
    for (const _ of [1, 2]) {
      const answer = await ask("all", "POST", `/runs/${run.runId}/cancel`);
      expect([answer.status, await answer.json()]).toEqual([202, { id: run.runId, status: "running" }]);
    }
    expect(await bus.controls.last(run)).toBeDefined();
    await write.event(run, "cancelled");
    const late = await ask("all", "POST", `/runs/${run.runId}/cancel`);
    expect([late.status, await late.json()]).toEqual([
      409,
      { error: "RES-110", message: `Cannot cancel run ${run.runId}: it has been cancelled already` },
    ]);
    expect((await ask("all", "POST", "/runs/01jd0v8e3k7xw2m4n6p8q0r1s2/cancel")).status).toBe(404);
    expect((await ask("all", "GET", `/runs/${run.runId}/cancel`)).status).toBe(405);
    expect((await ask("all", "DELETE", `/runs/${run.runId}`)).status).toBe(405);
  });
});

describe("A stream", () => {
  const logger = createConsoleLogger({ write: () => undefined, now: () => new Date(), level: "silent" });
  /** A stage for tokens that are good for so long: its clock stands still. */
  async function openBriefStage(milliseconds: number) {
    const until = Date.parse("2027-01-15T08:00:00.000Z") + milliseconds;
    const verify = async () => accept({ kind: "jwt", name: "alice" }, allRights, { until });
    return openStage({ authenticate: requireToken(verify, logger) });
  }
  const headers = { Authorization: "Bearer a.b.c", ...sse };

  test("ends with the token that it was opened with, without saying that it is all", async () => {
    const { open, write } = await openBriefStage(1500);
    const run = await write.run("prod", ["requested"]);
    for (const target of [`/runs/${run.runId}/events`, `/runs/${run.runId}/logs`, "/events?follow=true"]) {
      const following = readPieces(await open(target, headers));
      await following.until((text) => text.includes("retry:"));
      await expect(following.toEnd()).rejects.toThrow(/what the reader was let in by has ended/);
      expect(following.soFar()).not.toContain("event: end");
    }
  });

  test("that ends before its token is whole", async () => {
    const { open, write } = await openBriefStage(60_000);
    const run = await write.run("prod");
    expect(await readPieces(await open(`/runs/${run.runId}/events`, headers)).toEnd()).toContain("event: end");
  });
});
