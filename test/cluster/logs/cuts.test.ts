import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readMainLog } from "../../../k8s-agent/kubernetes/logs/read-main-log.ts";
import { openLogStage, type LogStage } from "./log-stage.ts";
import { countLines, printNumberedLines } from "./numbered-lines.ts";

let stage: LogStage;
beforeAll(async () => {
  stage = await openLogStage();
});
afterAll(() => stage.close());

const { signal } = new AbortController();

describe("main's log over a bad network", () => {
  test("is whole when its connection is cut 50 times, anywhere", async () => {
    const count = 50_000;
    const pod = await stage.startPod("cut", printNumberedLines({ count, burst: 500, pauseMilliseconds: 250 }));
    const reading = countLines(readMainLog(pod.source, { from: undefined, signal }));
    await pod.waitFor("running");
    let cuts = 0;
    while (cuts < 50 && pod.source.container.state === "running") {
      await delay(Math.random() * 250);
      cuts += stage.cutter.cut() > 0 ? 1 : 0;
    }
    expect(await reading).toEqual({ lines: count, last: count, faults: [], unsaid: 0, gaps: [] });
    expect(cuts).toBe(50);
  });

  test("is whole where idle connections are cut", async () => {
    stage.cutter.idleMilliseconds = 3000;
    // One that is kept would be older than that rule.
    stage.cutter.cut();
    const pod = await stage.startPod("idle", "echo before; sleep 20; echo between; sleep 15; printf after");
    let text = "";
    for await (const { bytes, gap } of readMainLog(pod.source, { from: undefined, signal })) {
      text += gap === undefined ? Buffer.from(bytes).toString() : `[${gap.reason}]`;
    }
    stage.cutter.idleMilliseconds = undefined;
    expect(text).toBe("before\nbetween\nafter");
    expect(pod.calls).toBeGreaterThan(5);
  });

  test("is whole when its connection is dead and nobody says so", async () => {
    const pod = await stage.startPod("dead", "echo before; sleep 8; echo after");
    let text = "";
    for await (const { bytes, gap } of readMainLog(pod.source, { from: undefined, signal })) {
      text += gap === undefined ? Buffer.from(bytes).toString() : `[${gap.reason}]`;
      if (text === "before\n") stage.cutter.freeze();
    }
    expect(text).toBe("before\nafter\n");
  });

  test("is whole behind 35 seconds of silence, over one connection", async () => {
    const pod = await stage.startPod("silent", "echo before; sleep 35; echo after");
    let text = "";
    for await (const { bytes, gap } of readMainLog(pod.source, { from: undefined, signal })) {
      text += gap === undefined ? Buffer.from(bytes).toString() : `[${gap.reason}]`;
    }
    expect(text).toBe("before\nafter\n");
    expect(pod.calls).toBe(1);
  });
});
