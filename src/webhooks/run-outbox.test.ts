/** Outboxes on a bus in memory, with targets that the test plays. */
import { afterEach, describe, expect, test } from "vitest";
import { createMemoryBus } from "../bus/memory/memory-bus.ts";
import type { Bus } from "../bus/port.ts";
import { encodeMessage, decodeUtf8 } from "../contract/decode.ts";
import { buildRunEvent, type EventKind, type RunEventData } from "../contract/events.ts";
import { isJsonObject, parseJson, stringifyJson } from "../contract/json.ts";
import { createConsoleLogger } from "../log.ts";
import type { Post, Posted } from "./deliver.ts";
import type { Backlog, WebhooksObserver } from "./observer.ts";
import { createOutboxStore } from "./outbox-store.ts";
import { replayParked } from "./replay.ts";
import { runOutbox, type OutboxOptions } from "./run-outbox.ts";

const cluster = "local";
const address = { subscription: "team", cluster };
const secret = `whsec_${btoa("x".repeat(32))}`;
const first = "01jd0v8e3k7xw2m4n6p8q0r1s2";
const second = "01jd0v8e3k7xw2m4n6p8q0r1s3";
const ok: Posted = { kind: "answered", status: 200 };
const down: Posted = { kind: "answered", status: 500 };

const running: { stop: () => Promise<void> }[] = [];
afterEach(async () => {
  for (const { stop } of running.splice(0)) await stop();
});

/** What a target was told: `<last character of the run> <type>`. */
interface Told {
  readonly id: string;
  readonly text: string;
  readonly body: string;
}

function start(bus: Bus, answer: (told: Told) => Posted | Promise<Posted>, changed: Partial<OutboxOptions> = {}) {
  const ending = new AbortController();
  const told: Told[] = [];
  const post: Post = async (_, { headers, body }) => {
    const text = decodeUtf8(body);
    const event = parseJson(text.ok ? text.value : "");
    const type = event.ok && isJsonObject(event.value) ? stringifyJson(event.value["type"]).slice(1, -1) : "";
    const id = headers["webhook-id"] ?? "";
    const entry = { id, text: `${id.split("_")[0]?.at(-1)} ${type}`, body: text.ok ? text.value : "" };
    told.push(entry);
    return answer(entry);
  };
  const done = runOutbox({
    ...address,
    bus,
    to: { url: "https://example.com/", secrets: [secret] },
    post,
    holder: `${Math.random()}`,
    logger: createConsoleLogger({ write: () => undefined, now: () => new Date(), level: "silent" }),
    now: () => new Date(),
    random: () => 0.5,
    signal: ending.signal,
    timing: { renew: 20, takeOver: 200 },
    retryPauses: [10, 20, 30],
    ...changed,
  });
  const program = {
    told,
    texts: () => told.map(({ text }) => text),
    async stop() {
      ending.abort();
      await done;
    },
  };
  running.push(program);
  return program;
}

/** Waits until the outbox was begun: it tells of what happens from then on. */
async function begin(bus: Bus, answer: Parameters<typeof start>[1], changed?: Partial<OutboxOptions>) {
  const program = start(bus, answer, changed);
  await expect.poll(async () => (await createOutboxStore(bus.records, address).load()).value?.holder).toBeTruthy();
  return program;
}

async function publishRaw(bus: Bus, runId: string, change: Readonly<Record<string, unknown>>) {
  const data = { runId, cluster, driver: "container", guresid: "a-db", type: "postgres", action: "create" } as const;
  const event = buildRunEvent("failed", { ...data, phase: "failed" }, { id: "odd", source: "/x", time: new Date() });
  const after = (await bus.events.last({ cluster, runId }))?.sequence ?? 0;
  await bus.events.append({ cluster, runId }, encodeMessage({ ...event, ...change }), { id: "odd", after });
}

async function publish(bus: Bus, runId: string, kinds: readonly EventKind[], data: Partial<RunEventData> = {}) {
  for (const kind of kinds) {
    const last = await bus.events.last({ cluster, runId });
    const common = { driver: "container", guresid: "a-db", type: "postgres", action: "create" } as const;
    const phase = kind === "warned" || kind === "adopted" ? "running" : kind;
    const id = `${runId}.${kind}.${last?.sequence ?? 0}`;
    const event = buildRunEvent(
      kind,
      { runId, cluster, ...common, phase, ...data },
      { id, source: "/x", time: new Date() },
    );
    await bus.events.append({ cluster, runId }, encodeMessage(event), { id, after: last?.sequence ?? 0 });
  }
}

const story = ["requested", "accepted", "starting", "running", "collecting", "succeeded"] as const;
const storyOf = (run: string) => story.map((kind) => `${run} run.${kind}.v1`);
const only = (texts: readonly string[], run: string) => texts.filter((text) => text.startsWith(run));

test("a target is told of every event from the beginning of its subscription on, in order, without what is sealed", async () => {
  const bus = createMemoryBus();
  await publish(bus, first, ["requested"]);
  const { told, texts } = await begin(bus, () => ok);
  await publish(bus, second, story.slice(0, -1));
  await publish(bus, second, ["succeeded"], { sealed: "canary" });
  await expect.poll(texts).toEqual(storyOf("3"));
  expect(new Set(told.map(({ id }) => id)).size).toBe(6);
  expect(told.every(({ id }) => /^[0-9a-z]{26}_\d+$/.test(id))).toBe(true);
  expect(told.map(({ body }) => body).join()).not.toContain("canary");
});

test("a stream that was made anew, and counts from 1 again, is told of from its beginning", async () => {
  const before = createMemoryBus();
  await publish(before, first, story);
  const { texts: told } = await begin(before, () => ok);
  await publish(before, second, story);
  await expect.poll(told).toEqual(storyOf("3"));
  await running.pop()?.stop();
  const { value } = await createOutboxStore(before.records, address).load();
  expect(value?.cursor).toBe(12);

  const anew = createMemoryBus();
  await createOutboxStore(anew.records, address).save(value ?? expect.unreachable(), 0);
  await publish(anew, first, ["requested", "failed"]);
  const { texts } = start(anew, () => ok);
  await expect.poll(texts).toEqual(["2 run.requested.v1", "2 run.failed.v1"]);
});

test("a filter leaves out what isn't wanted", async () => {
  const bus = createMemoryBus();
  const to = {
    url: "https://example.com/",
    secrets: [secret],
    types: ["run.failed.v1" as const],
    drivers: ["container"],
  };
  const { texts } = await begin(bus, () => ok, { to });
  await publish(bus, first, story);
  await publish(bus, second, ["requested", "failed"], { driver: "other" });
  await publish(bus, second, ["failed"]);
  await expect.poll(texts).toEqual(["3 run.failed.v1"]);
});

describe("what is not delivered", () => {
  test("is tried again, and later events of its run wait, while other runs go on", async () => {
    const bus = createMemoryBus();
    let failures = 3;
    const answer = ({ text }: Told) => (text === "2 run.accepted.v1" && failures-- > 0 ? down : ok);
    const { told, texts } = await begin(bus, answer, { retryPauses: [100, 100, 100] });
    await publish(bus, first, story);
    await publish(bus, second, story);
    await expect.poll(() => texts().length).toBe(15);
    expect(only(texts(), "3")).toEqual(storyOf("3"));
    const [requested = "", accepted = "", ...rest] = storyOf("2");
    expect(only(texts(), "2")).toEqual([requested, accepted, accepted, accepted, accepted, ...rest]);
    expect(new Set(told.filter(({ text }) => text === accepted).map(({ id }) => id)).size).toBe(1);
    expect(texts().indexOf("3 run.succeeded.v1")).toBeLessThan(texts().lastIndexOf(accepted));
  });

  test("is parked after the last try, the run's next events are told, and it can be replayed", async () => {
    const bus = createMemoryBus();
    const store = createOutboxStore(bus.records, address);
    let broken = true;
    const { texts } = await begin(bus, ({ text }) => (broken && text.endsWith("failed.v1") ? down : ok));
    await publish(bus, first, ["requested", "failed", "warned"]);
    await expect.poll(texts).toContain("2 run.warned.v1");
    expect(texts().filter((text) => text === "2 run.failed.v1")).toHaveLength(4);
    expect(await store.listParked()).toMatchObject([
      { runId: first, type: "run.failed.v1", attempts: 4, problem: "the target answered 500" },
    ]);
    broken = false;
    expect(await replayParked(store, second)).toBe(0);
    expect(await replayParked(store)).toBe(1);
    expect(await replayParked(store)).toBe(0);
    await expect.poll(() => texts().slice(6)).toEqual(["2 run.failed.v1"]);
    expect(await store.listParked()).toEqual([]);
  });

  test("because the target is gone (410) is not tried again", async () => {
    const bus = createMemoryBus();
    const store = createOutboxStore(bus.records, address);
    const { texts } = await begin(bus, () => ({ kind: "answered", status: 410 }));
    await publish(bus, first, ["requested", "accepted"]);
    await expect.poll(async () => (await store.listParked()).length).toBe(2);
    expect(texts()).toEqual(["2 run.requested.v1", "2 run.accepted.v1"]);
  });

  test("is not tried again before the time that the target asks for", async () => {
    const bus = createMemoryBus();
    let asked = 0;
    const answer = (): Posted => (asked++ === 0 ? { kind: "answered", status: 429, retryAfterSeconds: 1 } : ok);
    const { texts } = await begin(bus, answer);
    const begun = performance.now();
    await publish(bus, first, ["requested"]);
    await expect.poll(() => texts().length, { timeout: 10_000 }).toBe(2);
    expect(performance.now() - begun).toBeGreaterThan(950);
  });

  test("because its events are no longer kept is let go", async () => {
    const bus = createMemoryBus({ maxEvents: 3 });
    let broken = true;
    const { texts } = await begin(bus, ({ text }) => (broken && text.startsWith("2") ? down : ok), {
      retryPauses: [300, 300],
    });
    await publish(bus, first, ["requested"]);
    await expect.poll(texts).toHaveLength(1);
    await publish(bus, second, story);
    broken = false;
    await expect.poll(() => only(texts(), "3")).toContain("3 run.succeeded.v1");
  });
});

describe("programs", () => {
  test("share an outbox: one delivers, and when it stops the other goes on at once where it was", async () => {
    const bus = createMemoryBus();
    const one = await begin(bus, () => ok);
    const other = start(bus, () => ok);
    await publish(bus, first, story);
    await expect.poll(one.texts).toEqual(storyOf("2"));
    await one.stop();
    await publish(bus, second, story);
    await expect.poll(other.texts).toEqual(storyOf("3"));
  });

  test("that die lose their outbox to others after a while, and what they had not delivered is", async () => {
    const bus = createMemoryBus();
    const one = await begin(bus, () => down, { retryPauses: [600_000] });
    await publish(bus, first, story);
    await expect.poll(one.texts).toHaveLength(1);
    const store = createOutboxStore(bus.records, address);
    await expect.poll(async () => (await store.load()).value?.runs).toMatchObject([{ runId: first, attempts: 1 }]);
    const { value, revision } = await store.load();
    await one.stop();
    // As it was left by a program that could not let go.
    const left = { ...(value ?? expect.unreachable()), runs: (value?.runs ?? []).map((run) => ({ ...run, at: 0 })) };
    const now = await store.load();
    expect(now.revision).toBeGreaterThan(revision);
    await store.save(left, now.revision);
    const other = start(bus, () => ok);
    await expect.poll(other.texts, { timeout: 10_000 }).toEqual(storyOf("2"));
  });

  test("whose outbox was taken over write nothing any more", async () => {
    const bus = createMemoryBus();
    const one = await begin(bus, () => ok);
    const store = createOutboxStore(bus.records, address);
    await expect
      .poll(async () => {
        const { value, revision } = await store.load();
        return (await store.save({ ...(value ?? expect.unreachable()), holder: "thief" }, revision)).kind;
      })
      .toBe("written");
    await publish(bus, first, ["requested"]);
    await expect.poll(async () => (await store.load()).value?.holder).not.toBe("thief");
    // It takes it back only once the thief has not written for a while, and tells what was not told.
    await expect.poll(one.texts).toContain("2 run.requested.v1");
  });
});

test("a target that holds its answers doesn't hold up other runs", async () => {
  const bus = createMemoryBus();
  const hold = Promise.withResolvers<Posted>();
  const { texts } = await begin(bus, ({ text }) => (text.startsWith("2") ? hold.promise : ok));
  await publish(bus, first, story);
  await publish(bus, second, story);
  await expect.poll(() => only(texts(), "3")).toEqual(storyOf("3"));
  hold.resolve(ok);
  await expect.poll(() => only(texts(), "2")).toEqual(storyOf("2"));
});

test("many runs are all told of, each in order", async () => {
  const bus = createMemoryBus();
  const { texts } = await begin(bus, async () => ok);
  const letters = "0123456789abcdefghjk".split("");
  const runs = letters.map((letter) => `01jd0v8e3k7xw2m4n6p8q0r1s${letter}`);
  await Promise.all(runs.map((runId) => publish(bus, runId, story)));
  await expect.poll(() => texts().length, { timeout: 10_000 }).toBe(runs.length * story.length);
  for (const letter of letters) expect(only(texts(), letter)).toEqual(storyOf(letter));
});

test("whoever counts is told of every try, of every event that is done with, and of what waits", async () => {
  const bus = createMemoryBus();
  const counted: string[] = [];
  const backlogs = new Set<() => Backlog>();
  let answers: Posted[] = [down, ok, { kind: "answered", status: 410 }];
  const program = await begin(bus, () => answers.shift() ?? ok, {
    observer: {
      tried: ({ subscription, outcome }) => counted.push(`${subscription} ${outcome}`),
      settled: ({ outcome, delaySeconds }) => counted.push(delaySeconds >= 0 ? outcome : "too early"),
      outboxHeld({ readBacklog }) {
        backlogs.add(readBacklog);
        return () => backlogs.delete(readBacklog);
      },
    },
  });
  await publish(bus, first, ["requested", "accepted"]);
  await expect.poll(() => counted.at(-1)).toBe("parked");
  expect(counted).toEqual(["team failed", "team delivered", "delivered", "team gone", "parked"]);

  const readAll = () => [...backlogs].map((read) => read());
  await expect.poll(readAll).toEqual([{ runs: 0, oldest: undefined }]);
  answers = Array.from({ length: 4 }, () => down);
  const before = Date.now();
  await publish(bus, second, ["requested"]);
  await expect.poll(readAll).toEqual([{ runs: 1, oldest: expect.any(Number) }]);
  expect(readAll()[0]?.oldest).toBeGreaterThanOrEqual(before);
  await program.stop();
  expect(readAll()).toEqual([]);
});

describe("An event without a time that can be counted with", () => {
  test("is none, whether the target takes it or not: others are told of, and the outbox can be taken over", async () => {
    for (const answer of [ok, down]) {
      const bus = createMemoryBus();
      const one = await begin(bus, () => answer, { observer: createStrictObserver() });
      await publishRaw(bus, first, { time: "x" });
      await publish(bus, second, ["requested"]);
      await expect.poll(one.texts).toContain("3 run.requested.v1");
      await one.stop();
      const two = await begin(bus, () => ok);
      await publish(bus, second, ["accepted"]);
      await expect.poll(two.texts).toContain("3 run.accepted.v1");
      expect([...only(one.texts(), "2"), ...only(two.texts(), "2")]).toEqual([]);
    }
  });

  test("that was stored before as a time that is none doesn't keep an outbox from being read", async () => {
    const bus = createMemoryBus();
    await publish(bus, first, ["requested"]);
    const pending = { runId: first, after: 0, until: 1, attempts: 1, at: 0, since: null };
    const state = { v: 1, holder: "", cursor: 1, runs: [pending], replay: [] };
    await bus.records.set("team.local", encodeMessage(state), 0);
    const { texts } = await begin(bus, () => ok);
    await expect.poll(texts).toEqual(["2 run.requested.v1"]);
  });
});

test("what was told isn't told again because it could not be counted", async () => {
  const bus = createMemoryBus();
  const fail = () => {
    throw new Error("Cannot count");
  };
  const { texts } = await begin(bus, () => ok, { observer: { ...createStrictObserver(), settled: fail } });
  await publish(bus, first, ["requested"]);
  const { load } = createOutboxStore(bus.records, address);
  await expect.poll(async () => (await load()).value).toMatchObject({ cursor: 1, runs: [] });
  expect(texts()).toEqual(["2 run.requested.v1"]);
});

describe("A stored outbox that can't be read", () => {
  const key = "team.local";
  const damaged = [
    ["isn't JSON", new TextEncoder().encode('{"canary'), "not JSON"],
    ["isn't text", Uint8Array.of(0xff, 0xfe), "not UTF-8"],
    ["is a newer program's", encodeMessage({ v: 2, holder: "canary" }), "v is a number, must be 1"],
  ] as const;

  test.each(damaged)(
    "because it %s is told of once, and left as it is until it is removed",
    async (_, value, problem) => {
      const bus = createMemoryBus();
      await bus.records.set(key, value, 0);
      const { logger, lines } = createLineLogger();
      let reads = 0;
      const get = (at: string) => ((reads += at === key ? 1 : 0), bus.records.get(at));
      const { texts } = start({ ...bus, records: { ...bus.records, get } }, () => ok, { logger });
      await expect.poll(() => reads).toBeGreaterThan(3);
      expect(lines).toEqual([expect.stringContaining(problem)]);
      expect(lines[0]).toContain(`"key":"${key}"`);
      expect(lines[0]).not.toContain("canary");
      const stored = await bus.records.get(key);
      expect(stored?.value).toEqual(value);

      await bus.records.remove(key, stored?.revision ?? 0);
      const { load } = createOutboxStore(bus.records, address);
      await expect.poll(async () => (await load()).value?.holder).toBeTruthy();
      await publish(bus, first, ["requested"]);
      await expect.poll(texts).toEqual(["2 run.requested.v1"]);
    },
  );

  test("any more is let go of, as it is", async () => {
    const bus = createMemoryBus();
    const { logger, lines } = createLineLogger();
    await begin(bus, () => ok, { logger });
    const value = encodeMessage({ canary: 1 });
    await expect
      .poll(async () => (await bus.records.set(key, value, (await bus.records.get(key))?.revision ?? 0)).kind)
      .toBe("written");
    await expect.poll(() => lines.at(-1)).toContain("v is missing");
    expect((await bus.records.get(key))?.value).toEqual(value);
  });
});

/** A logger, and the lines that it has written: warnings and worse. */
function createLineLogger() {
  const lines: string[] = [];
  const write = (line: string) => void lines.push(line);
  return { lines, logger: createConsoleLogger({ write, now: () => new Date(), level: "warn" }) };
}

/** Takes numbers only, as metrics do. */
function createStrictObserver(): WebhooksObserver {
  const check = (...numbers: number[]) => expect(numbers.every(Number.isFinite)).toBe(true);
  return {
    tried: ({ seconds }) => check(seconds),
    settled: ({ delaySeconds }) => check(delaySeconds),
    outboxHeld: () => () => undefined,
  };
}
