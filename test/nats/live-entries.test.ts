import { afterAll, expect, test } from "vitest";
import { createLink } from "../../src/bus/nats/link.ts";
import { openLiveEntries } from "../../src/bus/nats/live-entries.ts";
import { createFeeds } from "../../src/bus/nats/live-feed.ts";
import { buildStreamName } from "../../src/contract/streams.ts";
import { buildLiveSubject } from "../../src/contract/subjects.ts";
import { toSubject } from "../../src/bus/address.ts";
import { createAddress, range } from "../bus/stage.ts";
import { connectTo, openNatsStage } from "./nats-stage.ts";
import { startNatsServer } from "./server.ts";

const server = await startNatsServer();
const stage = await openNatsStage(server);

afterAll(async () => {
  await stage.close();
  await server.close();
});

async function appendChunks(count: number) {
  const run = createAddress(stage.cluster);
  const connection = await connectTo(server);
  const options = { timeoutMilliseconds: 1_000, apiPrefix: "$JS.API", inboxPrefix: "_INBOX", report: () => undefined };
  const link = createLink({ connection, ...options });
  const place = {
    stream: buildStreamName("logs", run.cluster),
    subject: toSubject("logs", run),
    liveSubject: buildLiveSubject("logs", run),
  };
  const live = openLiveEntries(createFeeds(link), place, link.end);
  await connection.flush();
  let after = 0;
  for (const i of range(count)) {
    const appended = await stage.bus.logs.append(run, new Uint8Array(16 * 1024), { id: `${i}`, after });
    if (appended.kind !== "appended") expect.unreachable();
    after = appended.sequence;
  }
  await connection.flush();
  return { live, connection, link, run, last: after };
}

test("what a reader doesn't read is dropped beyond 256 KiB, and it is told", async () => {
  const { live, connection } = await appendChunks(400);
  let bytes = 0;
  for (let entry = live.peek(); entry !== undefined; entry = live.peek()) {
    bytes += entry.data.length;
    live.shift();
  }
  expect(bytes).toBeLessThanOrEqual(256 * 1024);
  expect(await live.wait(0)).toBe(true);
  live.close();
  await connection.close();
});

test("below that nothing is dropped, and each entry names the one before it", async () => {
  const { live, connection } = await appendChunks(10);
  let previous = 0;
  for (const _ of range(10)) {
    expect(live.peek()?.previous).toBe(previous);
    previous = live.peek()?.sequence ?? 0;
    live.shift();
  }
  expect(live.peek()).toBeUndefined();
  live.close();
  await connection.close();
});

test("waiting ends with the bus", async () => {
  const { live, connection, link } = await appendChunks(0);
  const waiting = live.wait(0);
  link.close();
  expect(await waiting).toBe(false);
  live.close();
  await connection.close();
});
