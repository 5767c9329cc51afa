import { mkdtemp, readdir, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { claimRun, type Claim } from "./claim.ts";
import { awaitDeparture, connectToRun, sendCommand } from "./connection.ts";
import { encodeLine, Notice, readMessages } from "./protocol.ts";

const startedAt = "2026-01-01T00:00:00.000Z";
let directory: string;
let socket: string;
let stops: number[];
const claims: Claim[] = [];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "claim-"));
  socket = join(directory, "sock");
  stops = [];
});
afterEach(async () => {
  for (const claim of claims.splice(0)) claim.close();
  await rm(directory, { recursive: true });
});

async function claim(): Promise<Claim | undefined> {
  const made = await claimRun({ socket, startedAt, onStop: (seconds) => stops.push(seconds) });
  if (made !== undefined) claims.push(made);
  return made;
}

async function open() {
  const connection = await connectToRun(socket, AbortSignal.timeout(10_000));
  if (connection === undefined) throw new Error("nobody is there");
  const notices = readMessages(connection, Notice);
  return { connection, next: async () => (await notices.next()).value };
}

test("a run is claimed once, also after whoever claimed it has gone", async () => {
  const first = await claim();
  expect(first).toBeDefined();
  expect(await claim()).toBeUndefined();
  first?.close();
  expect(await awaitDeparture(socket, AbortSignal.timeout(10_000))).toBe(true);
  expect(await claim()).toBeUndefined();
  expect(await readdir(directory)).toEqual(["sock"]);
});

test("a viewer gets each status from the first one on, however late, then the end of the connection", async () => {
  const made = await claim();
  const early = await open();
  expect(await early.next()).toEqual({ kind: "starting", startedAt });
  const running = { kind: "running", startedAt, mainStartedAt: startedAt, commit: "abc" } as const;
  made?.publish(running);
  const late = await open();
  expect([await early.next(), await late.next(), await late.next()]).toEqual([
    running,
    { kind: "starting", startedAt },
    running,
  ]);
  made?.close();
  expect([await early.next(), await late.next()]).toEqual([undefined, undefined]);
});

test("a viewer is told of the log's growth when it asks, once, and at once if it is behind", async () => {
  const made = await claim();
  const viewer = await open();
  await viewer.next();
  viewer.connection.write(encodeLine({ kind: "await-log", beyond: 0 }));
  await sendCommand(socket, { kind: "stop", graceSeconds: 1 }, 5000);
  made?.announceLog(5);
  made?.announceLog(7);
  expect(await viewer.next()).toEqual({ kind: "log", bytes: 5 });
  viewer.connection.write(encodeLine({ kind: "await-log", beyond: 5 }));
  expect(await viewer.next()).toEqual({ kind: "log", bytes: 7 });
});

test("commands that can't be read are passed over, and an endless one costs only its own connection", async () => {
  await claim();
  const viewer = await open();
  await viewer.next();
  viewer.connection.write('\n{}\nnonsense\n{"kind":"stop"}\n{"kind":"stop","graceSeconds":-1}\n{"kind":"explode"}\n');
  viewer.connection.write(encodeLine({ kind: "stop", graceSeconds: 3 }));
  const endless = connect(socket);
  const closed = new Promise((resolve) => endless.once("close", resolve));
  endless.on("error", () => undefined).resume();
  endless.write("x".repeat(1_000_000));
  await closed;
  expect(await sendCommand(socket, { kind: "stop", graceSeconds: 4 }, 5000)).toBe(true);
  expect(stops).toEqual([3, 4]);
});

test("a command to nobody says that nobody is there", async () => {
  expect(await sendCommand(socket, { kind: "stop", graceSeconds: 1 }, 5000)).toBe(false);
  (await claim())?.close();
  await awaitDeparture(socket, AbortSignal.timeout(10_000));
  expect(await sendCommand(socket, { kind: "stop", graceSeconds: 1 }, 5000)).toBe(false);
});

test("connecting ends when its signal aborts, before and after", async () => {
  await claim();
  expect(await connectToRun(socket, AbortSignal.abort())).toBeUndefined();
  const abort = new AbortController();
  const connection = await connectToRun(socket, abort.signal);
  const departure = awaitDeparture(socket, abort.signal);
  abort.abort();
  expect(await departure).toBe(false);
  expect(connection?.destroyed).toBe(true);
});
