import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { announceMilliseconds, AgentAnnouncement } from "../../src/contract/announcement.ts";
import { decodeMessage } from "../../src/contract/decode.ts";
import { createConsoleLogger } from "../../src/log.ts";
import { announceAgent } from "./announce.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] }));
afterEach(() => void vi.useRealTimers());

const about = { cluster: "prod", agent: "host-1", version: "1.0.0", launcher: "local", capacity: 10 };

test("an agent announces itself at once and again and again, also after a failure, until it stops", async () => {
  const said: unknown[] = [];
  const waiting: (() => void)[] = [];
  let fail = false;
  const agents = {
    announce: async (_address: unknown, data: Uint8Array) => {
      waiting.shift()?.();
      if (fail) throw new Error("the broker is away");
      const read = decodeMessage(AgentAnnouncement, data);
      said.push(read.ok ? read.value.agent : read.problem);
    },
    list: async () => [],
  };
  const lines: string[] = [];
  const now = () => new Date();
  const logger = createConsoleLogger({ write: (line) => lines.push(line), now, level: "info" });
  const controller = new AbortController();
  const announced = () => new Promise<void>((resolve) => waiting.push(resolve));

  const first = announced();
  const done = announceAgent({ agents, about, logger, now, signal: controller.signal });
  await first;
  fail = true;
  await pass();
  fail = false;
  await pass();
  controller.abort();
  await done;
  expect(said).toEqual(["host-1", "host-1"]);
  expect(lines).toHaveLength(1);

  async function pass(): Promise<void> {
    const next = announced();
    await vi.advanceTimersByTimeAsync(announceMilliseconds);
    await next;
  }
});
