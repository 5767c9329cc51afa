/** Many who follow the same run over one connection. */
import { afterAll, expect, test } from "vitest";
import { toSubject } from "../../src/bus/address.ts";
import { follow } from "../../src/bus/nats/follow.ts";
import { createLink } from "../../src/bus/nats/link.ts";
import { createFeeds } from "../../src/bus/nats/live-feed.ts";
import { createNatsBus } from "../../src/bus/nats/nats-bus.ts";
import { buildStreamName } from "../../src/contract/streams.ts";
import { appendAll, createAddress, followTexts, range, toText } from "../bus/stage.ts";
import { waitUntil } from "../support/wait-until.ts";
import { connectTo, openNatsStage } from "./nats-stage.ts";
import { startNatsServer } from "./server.ts";

const server = await startNatsServer();
const stage = await openNatsStage(server);

afterAll(async () => {
  await stage.close();
  await server.close();
});

const many = 50;
const texts = range(20).map((i) => `entry ${i}`);

/** A bus whose traffic is its own. */
async function openBus() {
  const connection = await connectTo(server);
  const bus = createNatsBus({ connection, ownsConnection: true });
  const settle = async () => {
    let seen = -1;
    await waitUntil("nothing comes any more", async () => {
      const before = seen;
      seen = connection.stats().inMsgs;
      return seen === before;
    });
  };
  return { bus, settle, count: () => connection.stats() };
}

test("the broker sends each entry once, and is asked nothing for it, however many follow", async () => {
  const { bus, settle, count } = await openBus();
  const run = createAddress(stage.cluster);
  const readers = range(many).map(() => followTexts(bus.logs, run, { count: texts.length }));
  await settle();
  const before = count();
  await appendAll(stage.bus.logs, run, texts);
  for (const read of await Promise.all(readers)) expect(read).toEqual(texts);
  const after = count();
  // Beside the entries: a look or two, on a machine that is busy.
  expect(after.inMsgs - before.inMsgs).toBeLessThan(texts.length + many / 2);
  expect(after.outMsgs - before.outMsgs).toBeLessThan(many / 2);
  await bus.close();
});

test("some leave, some come, one is slow: each has everything once", async () => {
  const { bus } = await openBus();
  const run = createAddress(stage.cluster);
  const leaving = range(5).map((i) => followTexts(bus.logs, run, { count: i + 1 }));
  const slow = bus.logs.follow(run, { after: 0, signal: AbortSignal.timeout(20_000) })[Symbol.asyncIterator]();
  const first = slow.next();
  const large = texts.map((text) => text.padEnd(30_000, "."));
  const writing = appendAll(stage.bus.logs, run, large);
  const coming = range(5).map(() => followTexts(bus.logs, run, { count: large.length }));
  for (const [i, read] of (await Promise.all(leaving)).entries()) expect(read).toEqual(large.slice(0, i + 1));
  for (const read of await Promise.all(coming)) expect(read).toEqual(large);
  await writing;
  // By now more than it may hold was dropped.
  const read = [toText((await first).value?.data)];
  while (read.length < large.length) read.push(toText((await slow.next()).value?.data));
  expect(read).toEqual(large);
  await slow.return?.();
  // All have left: who comes then begins anew.
  expect(await followTexts(bus.logs, run, { count: large.length })).toEqual(large);
  await bus.close();
});

test("what the stream did not repeat is found by looking, by one for all", async () => {
  const connection = await connectTo(server);
  const options = { timeoutMilliseconds: 5_000, apiPrefix: "$JS.API", inboxPrefix: "_INBOX", report: () => undefined };
  const link = createLink({ connection, ...options });
  const run = createAddress(stage.cluster);
  const place = {
    stream: buildStreamName("logs", run.cluster),
    subject: toSubject("logs", run),
    // Nothing comes there.
    liveSubject: `lost.${run.runId}`,
  };
  const feeds = createFeeds(link);
  async function read(): Promise<string[]> {
    const found: string[] = [];
    const end = new AbortController();
    for await (const { data } of follow(link, { ...place, feeds, after: 0, signal: end.signal })) {
      found.push(toText(data));
      if (found.length === texts.length) end.abort();
    }
    return found;
  }
  const readers = range(many).map(() => read());
  await appendAll(stage.bus.logs, run, texts);
  for (const each of await Promise.all(readers)) expect(each).toEqual(texts);
  // Each one's first read; then a look and a read for all, and such again where writing was slow.
  expect(connection.stats().outMsgs).toBeLessThan(2 * many);
  await connection.close();
});

test("when the connection was lost, one read for all brings what was missed", async () => {
  const own = await startNatsServer();
  const place = await openNatsStage(own);
  const run = createAddress(place.cluster);
  const connection = await connectTo(own);
  const bus = createNatsBus({ connection, ownsConnection: true });
  const readers = range(many).map(() => followTexts(bus.logs, run, { count: texts.length }));
  const [after = 0] = (await appendAll(place.bus.logs, run, texts.slice(0, 10))).slice(-1);
  const before = connection.stats().outMsgs;
  await own.restart();
  await waitUntil("the server is back", () => place.bus.logs.last(run).catch(() => undefined));
  await appendAll(place.bus.logs, run, texts.slice(10), after);
  for (const read of await Promise.all(readers)) expect(read).toEqual(texts);
  expect(connection.stats().outMsgs - before).toBeLessThan(many);
  await bus.close();
  await place.close();
  await own.close();
});
