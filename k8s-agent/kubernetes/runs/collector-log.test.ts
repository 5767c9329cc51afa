import { expect, test } from "vitest";
import { noOutputs } from "../../../src/contract/outputs.ts";
import { deriveCollectorKey } from "../../../src/sealing/collector-key.ts";
import { sealCollected } from "../../sidecar/messages/collected.ts";
import type { LogAnswer } from "../api/cluster-api.ts";
import { readCollectorLog } from "./collector-log.ts";

const key = await deriveCollectorKey(Buffer.alloc(32, 1).toString("base64url"));
const otherKey = await deriveCollectorKey(Buffer.alloc(32, 2).toString("base64url"));
const collected = { outputs: { ok: true, value: noOutputs }, errorText: "why", errorBytes: 3 } as const;
const line = await sealCollected(collected, key);

type Answer = LogAnswer | "broken" | readonly string[];

/** One answer after the other; the collector has ended when only the last one is left. */
async function read(answers: readonly Answer[]) {
  const left = [...answers];
  const problems: string[] = [];
  const found = await readCollectorLog({
    api: {
      async openLog({ container, follow }): Promise<LogAnswer> {
        expect({ container, follow }).toEqual({ container: "collector", follow: true });
        const answer = left.shift() ?? { kind: "gone" };
        if (answer === "broken") throw new Error("Cannot read on in a log: its connection broke");
        return "kind" in answer ? answer : { kind: "open", bytes: stream(answer) };
      },
    },
    pod: { metadata: { namespace: "runs", name: "run-a" } },
    key,
    hasEnded: () => left.length <= 1,
    changed: () => Promise.resolve(),
    onProblem: (problem) => void problems.push(problem),
    signal: AbortSignal.timeout(10_000),
  });
  return { found, problems, left: left.length };
}

async function* stream(pieces: readonly string[]) {
  for (const piece of pieces) yield Buffer.from(piece);
}

test("the line is found, in however many pieces it comes, with or without its end", async () => {
  expect(await read([[`${line}\n`], []])).toEqual({ found: collected, problems: [], left: 1 });
  expect((await read([[line.slice(0, 10), line.slice(10)], []])).found).toEqual(collected);
  expect((await read([["\n", "\n", line.slice(0, 1), `${line.slice(1)}\n`], []])).found).toEqual(collected);
});

test("what isn't the collector's is passed over, and said", async () => {
  const foreign = await sealCollected(collected, otherKey);
  const { found, problems } = await read([[`unable to retrieve container logs\n${foreign}\n${line}\n`], []]);
  expect(found).toEqual(collected);
  expect(problems).toHaveLength(2);
});

test("a stream that ends early, breaks, or isn't there yet is opened again", async () => {
  const notYet = { kind: "not-yet", message: "waiting" } as const;
  expect((await read([notYet, "broken", [line.slice(0, 20)], [`${line}\n`], []])).found).toEqual(collected);
});

test("once the collector has ended one more look decides", async () => {
  expect(await read([[], ["nothing of ours\n"]])).toMatchObject({ found: undefined, left: 0 });
  expect((await read([["half"], [`${line}\n`]])).found).toEqual(collected);
});

test("a pod that is gone has nothing to say", async () => {
  expect(await read([{ kind: "gone" }, [`${line}\n`], []])).toMatchObject({ found: undefined, left: 2 });
});

test("a line without an end is not kept in memory", async () => {
  const flood = Array.from({ length: 64 }, () => "x".repeat(65_536));
  expect((await read([[...flood, "\n", `${line}\n`], []])).found).toEqual(collected);
});

test("a stream that stays open behind a collector that has ended is left, for one more look", async () => {
  let opened = 0;
  const hang = async function* (): AsyncGenerator<Uint8Array> {
    await new Promise<never>(() => {});
    yield new Uint8Array();
  };
  const found = await readCollectorLog({
    api: {
      openLog: async ({ signal }) => {
        opened += 1;
        const bytes = opened === 1 ? abortable(hang(), signal) : stream([`${line}\n`]);
        return { kind: "open", bytes };
      },
    },
    pod: { metadata: { namespace: "runs", name: "run-a" } },
    key,
    hasEnded: () => opened > 0,
    changed: () => Promise.resolve(),
    onProblem: () => undefined,
    signal: AbortSignal.timeout(20_000),
  });
  expect({ found, opened }).toEqual({ found: collected, opened: 2 });
});

/** As a connection does it: it breaks when its signal aborts. */
async function* abortable(bytes: AsyncGenerator<Uint8Array>, signal: AbortSignal) {
  const aborted = new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(new Error("cut"))));
  for (;;) {
    const next = await Promise.race([bytes.next(), aborted]);
    if (next.done === true) return;
    yield next.value;
  }
}
