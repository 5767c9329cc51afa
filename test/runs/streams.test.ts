import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { createMemoryBus } from "../../src/bus/memory/memory-bus.ts";
import type { Bus } from "../../src/bus/port.ts";
import { LogLine } from "../../src/contract/runs-api/log-line.ts";
import { SeenEvent } from "../../src/contract/runs-api/seen-event.ts";
import { createRunId, range } from "../bus/stage.ts";
import { waitUntil } from "../support/wait-until.ts";
import { openStage, parseSse, readPieces, sealed, sse } from "./stage.ts";

/** A bus that counts who follows something just now. */
function countFollowers(bus: Bus) {
  let followers = 0;
  async function* count<T>(source: AsyncIterable<T>): AsyncGenerator<T> {
    followers++;
    try {
      yield* source;
    } finally {
      followers--;
    }
  }
  const counted: Bus = {
    ...bus,
    events: {
      ...bus.events,
      follow: (address, options) => count(bus.events.follow(address, options)),
      followAll: (cluster, options) => count(bus.events.followAll(cluster, options)),
    },
    logs: { ...bus.logs, follow: (address, options) => count(bus.logs.follow(address, options)) },
  };
  return { counted, count: () => followers };
}

const address = () => ({ cluster: "prod", runId: createRunId() });

describe("GET /runs/<id>/events", () => {
  test("are JSON lines: CloudEvents without their sealed part, each with its cursor", async () => {
    const { open, lines, write } = await openStage();
    const run = await write.run("prod");
    const response = await open(`/runs/${run.runId}/events`);
    expect(response.headers.get("Content-Type")).toBe("application/x-ndjson");
    const events = await lines(`/runs/${run.runId}/events`);
    expect(events.map(({ type }) => type)).toEqual(
      ["requested", "accepted", "starting", "running", "collecting", "succeeded"].map((kind) => `run.${kind}.v1`),
    );
    for (const event of events) expect(v.is(SeenEvent, event)).toBe(true);
    expect(JSON.stringify(events)).not.toContain(sealed);
    for (const [i, { cursor }] of events.entries())
      expect(await lines(`/runs/${run.runId}/events?after=${cursor}`)).toEqual(events.slice(i + 1));
  });

  test("of a run that goes on end with what there is, or are followed to its end", async () => {
    const { lines, open, write } = await openStage();
    const run = await write.run("prod", ["requested", "accepted"]);
    expect(await lines(`/runs/${run.runId}/events`)).toHaveLength(2);
    const following = readPieces(await open(`/runs/${run.runId}/events?follow=true`));
    await following.until((text) => text.includes("run.accepted.v1"));
    await write.event(run, "running");
    await following.until((text) => text.includes("run.running.v1"));
    await write.event(run, "succeeded");
    expect((await following.toEnd()).trim().split("\n")).toHaveLength(4);
  });

  test("are server-sent events where the client accepts them, and end with the run", async () => {
    const { open, write } = await openStage();
    const run = await write.run("prod", ["requested", "accepted"]);
    const response = await open(`/runs/${run.runId}/events`, sse);
    expect(response.headers.get("Content-Type")).toBe("text/event-stream");
    expect(response.headers.get("Cache-Control")).toBe("no-store");
    const following = readPieces(response);
    await following.until((text) => text.includes("run.accepted.v1"));
    expect(following.soFar()).toMatch(/^retry: \d+\n\n/);
    await write.event(run, "failed", {
      failure: { reason: "exit-code", message: "a\n\nevent: end\ndata: {}\r\nid: 7" },
    });
    const events = parseSse(await following.toEnd());
    expect(events.map(({ data, event }) => event ?? data.type)).toEqual([
      "run.requested.v1",
      "run.accepted.v1",
      "run.failed.v1",
      "end",
    ]);
    expect(events.at(-1)?.data).toEqual({ status: "failed", complete: true });
    for (const { id, data, event } of events) if (event === undefined) expect(id).toBe(data.cursor);
  });

  test("go on behind Last-Event-ID, at each of them, while the run lasts: none is lost or comes twice", async () => {
    const { open, write } = await openStage();
    const run = address();
    await write.event(run, "requested");
    const writing = (async () => {
      for (const i of range(40)) await write.event(run, "warned", { warning: `${i}` });
      await write.event(run, "succeeded");
    })();
    const seen: string[] = [];
    let last = "";
    for (let ended = false; !ended;) {
      const response = await open(`/runs/${run.runId}/events?after=0`, {
        ...sse,
        ...(last && { "Last-Event-ID": last }),
      });
      // The connection was cut between the last event and the end.
      if (response.status === 204) break;
      const client = readPieces(response);
      await client.until((text) => parseSse(text).length > 0);
      await client.leave();
      for (const { id, event, data } of parseSse(client.soFar())) {
        if (event === "end") ended = true;
        if (id === undefined) continue;
        last = id;
        seen.push(data.data.warning ?? data.type);
      }
    }
    await writing;
    expect(seen).toEqual(["run.requested.v1", ...range(40).map(String), "run.succeeded.v1"]);
  });

  test("have nothing more for a client that has seen the end: 204, at which browsers stop to connect", async () => {
    const { open, write } = await openStage();
    const run = await write.run("prod");
    const last = parseSse(await (await open(`/runs/${run.runId}/events`, sse)).text()).at(-2)?.id ?? "";
    expect((await open(`/runs/${run.runId}/events`, { ...sse, "Last-Event-ID": last })).status).toBe(204);
    const ahead = await open(`/runs/${run.runId}/events?after=${last}`, sse);
    expect(parseSse(await ahead.text())).toEqual([{ event: "end", data: { status: "succeeded", complete: true } }]);
  });

  test.each([
    ["after=x", {}, "after"],
    ["after=-1", {}, "after"],
    ["follow=yes", {}, "follow"],
    ["tail=5", {}, "known: follow, after"],
    ["", { "Last-Event-ID": "prod:1" }, "Last-Event-ID"],
  ])("refuse ?%s %j", async (query, headers, reason) => {
    const { json, write } = await openStage();
    const run = await write.run("prod");
    const { status, body } = await json(`/runs/${run.runId}/events?${query}`, { ...sse, ...headers });
    expect([status, body.message]).toEqual([400, expect.stringContaining(reason)]);
  });
});

describe("GET /runs/<id>/logs", () => {
  test("is one JSON line for each chunk, with what is missing", async () => {
    const { lines, write } = await openStage();
    const run = await write.run("prod");
    await write.chunk(run, "one\ntwo", { index: 0 });
    await write.chunk(run, "\nžluťoučký\n", { index: 1, gap: { bytes: 12, reason: "rotated away" } });
    await write.chunk(run, "four\n", { index: 4 });
    await write.chunk(run, "", { index: 5, end: true });
    const read = await lines(`/runs/${run.runId}/logs`);
    for (const line of read) expect(v.is(LogLine, line)).toBe(true);
    expect(read.map(({ index, text, gap, end }) => ({ index, text, gap, end }))).toEqual([
      { index: 0, text: "one\ntwo", gap: undefined, end: undefined },
      { index: 1, text: "\nžluťoučký\n", gap: { bytes: 12, reason: "rotated away" }, end: undefined },
      { index: 4, text: "four\n", gap: { chunks: 2, reason: expect.stringContaining("2 chunks") }, end: undefined },
      { index: 5, text: "", gap: undefined, end: true },
    ]);
    for (const [i, { cursor }] of read.entries())
      expect(await lines(`/runs/${run.runId}/logs?after=${cursor}`)).toEqual(read.slice(i + 1));
  });

  test("is followed while the run lasts, to the log's end", async () => {
    const { open, write } = await openStage();
    const run = await write.run("prod", ["requested", "running"]);
    const client = readPieces(await open(`/runs/${run.runId}/logs`, sse));
    for (const i of range(5)) {
      await write.chunk(run, `line ${i}\n`, { index: i });
      await client.until((text) => text.includes(`line ${i}`));
    }
    await write.chunk(run, "", { index: 5, end: true });
    await write.event(run, "succeeded");
    const events = parseSse(await client.toEnd());
    expect(events).toHaveLength(7);
    expect(events.at(-1)).toMatchObject({ event: "end", data: { complete: true } });
  });

  test("of a run that ends without the log's end doesn't hang, and says that it isn't whole", async () => {
    const { open, write } = await openStage();
    const never = await write.run("prod", ["requested", "failed"]);
    expect(parseSse(await (await open(`/runs/${never.runId}/logs`, sse)).text())).toEqual([
      { event: "end", data: { status: "failed", complete: false } },
    ]);
    const run = await write.run("prod", ["requested", "running"]);
    await write.chunk(run, "half", { index: 0 });
    const client = readPieces(await open(`/runs/${run.runId}/logs?follow=true`));
    await client.until((text) => text.includes("half"));
    await write.event(run, "failed");
    expect((await client.toEnd()).trim().split("\n")).toHaveLength(1);
  });

  test("goes on behind Last-Event-ID without a lost or doubled chunk, and says when it was taken meanwhile", async () => {
    const bus = createMemoryBus({ maxLogBytes: 3000 });
    const { open, write, lines } = await openStage({ bus });
    const run = await write.run("prod", ["requested", "running"]);
    const sequences: number[] = [];
    for (const i of range(4)) sequences.push(await write.chunk(run, `${i}`.padEnd(500, "x"), { index: i }));
    const client = readPieces(await open(`/runs/${run.runId}/logs`, { ...sse, "Last-Event-ID": `${sequences[1]}` }));
    await client.until((text) => parseSse(text).length === 2);
    await client.leave();
    expect(parseSse(client.soFar()).map(({ data }) => [data.index, data.gap])).toEqual([
      [2, undefined],
      [3, undefined],
    ]);
    for (const i of range(8)) await write.chunk(run, `${i}`.padEnd(500, "x"), { index: i + 4 });
    const [first] = await lines(`/runs/${run.runId}/logs?after=${sequences[3]}`);
    expect(first.gap.reason).toContain("limits have taken");
    const [whole] = await lines(`/runs/${run.runId}/logs`);
    expect(whole.gap).toEqual({ chunks: whole.index, reason: expect.stringContaining(`${whole.index} chunks`) });
  });

  const numbers = (from: number, to: number) => range(to - from).map((i) => `${from + i}`);

  test.each([0, 1, 2, 3, 10, 99, 100, 101, 100_000])("?tail=%d is the last lines", async (tail) => {
    const { open, write } = await openStage();
    const run = await write.run("prod");
    const noise = await write.run("prod");
    // Three and a third lines a chunk, among another run's.
    const text = numbers(0, 100)
      .map((line) => `${line}\n`)
      .join("");
    const pieces = text.match(/.{1,9}/gs) ?? [];
    for (const [i, piece] of pieces.entries()) {
      await write.chunk(run, piece, { index: i });
      for (const j of range(3)) await write.chunk(noise, "noise\n", { index: i * 3 + j });
    }
    await write.chunk(run, "", { index: pieces.length, end: true });
    const read = await (await open(`/runs/${run.runId}/logs?tail=${tail}&format=text`)).text();
    expect(read.split("\n").slice(0, -1)).toEqual(numbers(Math.max(0, 100 - tail), 100));
  });

  test("?tail is no more than so many lines may have, where there are no line breaks", async () => {
    const { open, write } = await openStage();
    const run = await write.run("prod");
    for (const i of range(40)) await write.chunk(run, `${i % 10}`.repeat(60_000), { index: i, end: i === 39 });
    const read = async (tail: number) =>
      (await (await open(`/runs/${run.runId}/logs?tail=${tail}&format=text`)).text()).length;
    expect(await read(1)).toBe(18 * 60_000);
    expect(await read(20)).toBe(22 * 60_000);
    expect(await read(100)).toBe(40 * 60_000);
  });

  test("?tail counts a last line that has not ended, and then follows", async () => {
    const { open, write } = await openStage();
    const run = await write.run("prod", ["requested", "running"]);
    await write.chunk(run, "one\ntwo\nthr", { index: 0 });
    const client = readPieces(await open(`/runs/${run.runId}/logs?tail=2&follow=true`));
    await client.until((text) => text.includes("thr"));
    await write.chunk(run, "ee\n", { index: 1, end: true });
    const texts = (await client.toEnd()).trim().split("\n");
    expect(texts.map((line) => (JSON.parse(line) as { text: string }).text).join("")).toBe("two\nthree\n");
  });

  test("?format=text is the log itself, for a download, never taken for a page", async () => {
    const { open, write } = await openStage();
    const run = await write.run("prod");
    await write.chunk(run, "<script>alert(1)</script>\n", { index: 0 });
    await write.chunk(run, "end\n", { index: 1, gap: { bytes: 5, reason: "rotated away" }, end: true });
    const response = await open(`/runs/${run.runId}/logs?format=text`, { Accept: "text/event-stream" });
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "content-type": "text/plain; charset=utf-8",
      "content-disposition": `attachment; filename="${run.runId}.log"`,
      "x-content-type-options": "nosniff",
    });
    expect(await response.text()).toBe("<script>alert(1)</script>\n\n[5 bytes missing: rotated away]\nend\n");
  });

  test("refuses tail and after together", async () => {
    const { json, write } = await openStage();
    const run = await write.run("prod");
    expect(await json(`/runs/${run.runId}/logs?tail=1&after=1`)).toMatchObject({ status: 400 });
  });
});

describe("GET /events", () => {
  test("brings the events of all runs from a time on, as they are, and ends", async () => {
    const { lines, write } = await openStage();
    await write.run("prod");
    await write.run("test");
    const all = await lines("/events?since=2000-01-01T00:00:00Z");
    expect(all).toHaveLength(12);
    for (const event of all) expect(v.is(SeenEvent, event)).toBe(true);
    for (const [i, { cursor }] of all.entries()) {
      const rest = await lines(`/events?after=${encodeURIComponent(cursor)}`);
      expect(rest).toHaveLength(all.length - i - 1);
      expect(new Set(rest.map(({ id }) => id))).toEqual(new Set(all.slice(i + 1).map(({ id }) => id)));
    }
    expect(await lines("/events?since=2099-01-01T00:00:00Z")).toEqual([]);
    expect(JSON.stringify(all)).not.toContain(sealed);
  });

  test("follows what comes, from now on, in order for each cluster, and goes on behind Last-Event-ID", async () => {
    const { open, write } = await openStage();
    await write.run("prod");
    const client = readPieces(await open("/events", sse));
    await client.until((text) => text.includes("retry"));
    const following = client.until((text) => parseSse(text).length === 4);
    const [a, b] = [await write.run("prod", ["requested", "failed"]), await write.run("test", ["requested", "failed"])];
    const seen = parseSse(await following);
    await client.leave();
    for (const { runId } of [a, b])
      expect(seen.filter(({ data }) => data.data.runId === runId).map(({ data }) => data.data.phase)).toEqual([
        "requested",
        "failed",
      ]);
    await write.run("prod", ["requested"]);
    const again = readPieces(await open("/events", { ...sse, "Last-Event-ID": seen[2]?.id ?? "" }));
    const ids = parseSse(await again.until((text) => parseSse(text).length === 2)).map(({ data }) => data.id);
    await again.leave();
    expect(ids).toContain(seen[3]?.data.id);
    expect(ids).not.toContain(seen[2]?.data.id);
  });

  test("needs to know where to begin", async () => {
    const { json } = await openStage();
    expect(await json("/events")).toMatchObject({ status: 400, body: { error: "RES-100" } });
    for (const query of ["after=1", "since=1", "cluster=prod", "follow=1"])
      expect((await json(`/events?${query}`)).status).toBe(400);
  });
});

describe("A client that goes away", () => {
  test.each(["events", "events?follow=true", "logs", "logs?format=text&follow=true"])(
    "frees everything behind /runs/<id>/%s",
    async (rest) => {
      const bus = createMemoryBus();
      const { counted, count } = countFollowers(bus);
      const { open, write } = await openStage({ bus, appBus: counted });
      const run = await write.run("prod", ["requested", "running"]);
      await write.chunk(run, "text", { index: 0 });
      const headers = rest.includes("?") ? {} : sse;
      const clients = await Promise.all(
        range(10).map(async () => readPieces(await open(`/runs/${run.runId}/${rest}`, headers))),
      );
      for (const client of clients) await client.until((text) => /running|text/.test(text));
      expect(count()).toBeGreaterThanOrEqual(10);
      await Promise.all(clients.map((client) => client.leave()));
      await waitUntil("nobody follows", () => count() === 0);
    },
  );

  test("frees everything behind /events, also while others stay", async () => {
    const bus = createMemoryBus();
    const { counted, count } = countFollowers(bus);
    const { open, write } = await openStage({ bus, appBus: counted });
    const [gone, stays] = [readPieces(await open("/events", sse)), readPieces(await open("/events", sse))];
    for (const client of [gone, stays]) await client.until((text) => text.includes("retry"));
    const [first, second] = [gone, stays].map((client) => client.until((text) => text.includes("requested")));
    await waitUntil("both follow both clusters", () => count() === 4);
    await write.run("prod", ["requested"]);
    await Promise.all([first, second]);
    await gone.leave();
    await waitUntil("one is left", () => count() === 2);
    await write.run("test", ["requested", "failed"]);
    await stays.until((text) => text.includes("failed"));
    await stays.leave();
    await waitUntil("nobody follows", () => count() === 0);
  });

  test("while it never reads, nothing is begun; one that stops reading holds little", async () => {
    const bus = createMemoryBus();
    const { counted, count } = countFollowers(bus);
    let handedOut = 0;
    const watched: Bus = {
      ...counted,
      logs: {
        ...counted.logs,
        async *follow(run, options) {
          for await (const entry of counted.logs.follow(run, options)) {
            handedOut++;
            yield entry;
          }
        },
      },
    };
    const { open, write } = await openStage({ bus, appBus: watched });
    const run = await write.run("prod", ["requested", "running"]);
    for (const i of range(200)) await write.chunk(run, `${i}`.padEnd(16_000, "x"), { index: i });
    const idle = await open(`/runs/${run.runId}/logs`, sse);
    const slow = readPieces(await open(`/runs/${run.runId}/logs`, sse));
    await slow.until((text) => text.includes('"index":3,'));
    expect(handedOut).toBeLessThan(10);
    expect(count()).toBeLessThanOrEqual(2);
    await slow.until((text) => text.includes('"index":199,'));
    await slow.leave();
    await idle.body?.cancel();
    await waitUntil("nobody follows", () => count() === 0);
  });

  test("HEAD begins nothing", async () => {
    const bus = createMemoryBus();
    const { counted, count } = countFollowers(bus);
    const { app, write } = await openStage({ bus, appBus: counted });
    const run = await write.run("prod", ["requested"]);
    const response = await app.request(`/runs/${run.runId}/events`, { method: "HEAD", headers: sse });
    expect([response.status, response.body, count()]).toEqual([200, null, 0]);
  });
});

test("a stream that the bus breaks off is cut, not ended, so that the client connects again", async () => {
  const bus = createMemoryBus();
  const broken: Bus = {
    ...bus,
    events: {
      ...bus.events,
      async *follow(run, options) {
        for await (const entry of bus.events.follow(run, options)) {
          yield entry;
          throw new Error("the disk is gone");
        }
      },
    },
  };
  const { open, write, logged } = await openStage({ bus, appBus: broken });
  const run = await write.run("prod", ["requested", "running"]);
  const client = readPieces(await open(`/runs/${run.runId}/events`, sse));
  await client.until((text) => text.includes("requested"));
  await expect(client.toEnd()).rejects.toThrow("the disk is gone");
  expect(logged.join("\n")).toContain("A stream broke off");
});
