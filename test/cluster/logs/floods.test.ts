import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readMainLog } from "../../../k8s-agent/kubernetes/logs/read-main-log.ts";
import { openLogStage, type LogStage } from "./log-stage.ts";
import { countLines, numberedLineBytes, printNumberedLines, type Count } from "./numbered-lines.ts";

let stage: LogStage;
beforeAll(async () => {
  stage = await openLogStage();
});
afterAll(() => stage.close());

const { signal } = new AbortController();
const mebibyte = 1024 * 1024;

describe("main's log, when main writes a lot", () => {
  // A node that does everything on two processors can't always be read at 2.5 MB/s, and then says so: whole the log must be at
  // one of five times. A kubelet that rotates a log may miss what is written within that moment, which nobody can see.
  test("is whole across rotations: 100 MiB at 2.5 MB/s", { timeout: 900_000, retry: 1 }, async () => {
    const count = Math.ceil((100 * mebibyte) / numberedLineBytes);
    const burst = 2500;
    const tries: Count[] = [];
    for (let number = 0; number < 5 && tries.at(-1)?.lines !== count; number += 1) {
      const pod = await stage.startPod("steady", printNumberedLines({ count, burst, pauseMilliseconds: 95 }));
      const counted = await countLines(readMainLog(pod.source, { from: undefined, signal }));
      tries.push(counted);
      expect(counted.unsaid).toBeLessThan(burst);
    }
    expect(tries.at(-1)).toEqual({ lines: count, last: count, faults: [], unsaid: 0, gaps: [] });
  });

  test("says a gap wherever lines are missing: 200 MiB at full speed", async () => {
    const count = Math.ceil((200 * mebibyte) / numberedLineBytes);
    const pod = await stage.startPod("flood", printNumberedLines({ count }));
    const counted = await countLines(readMainLog(pod.source, { from: undefined, signal }));
    expect(counted).toMatchObject({ last: count, faults: [] });
    expect(counted.lines + counted.gaps.reduce((sum, { missing }) => sum + missing, 0)).toBe(count);
  });

  test("says a gap when it can't be read as fast as it is written", async () => {
    stage.cutter.bytesPerSecond = mebibyte;
    // One that is kept would be faster.
    stage.cutter.cut();
    const count = Math.ceil((120 * mebibyte) / numberedLineBytes);
    const pod = await stage.startPod("behind", printNumberedLines({ count, burst: 3500, pauseMilliseconds: 95 }));
    const reading = countLines(readMainLog(pod.source, { from: undefined, signal }));
    await pod.waitFor("ended", { seconds: 120 });
    stage.cutter.bytesPerSecond = undefined;
    const counted = await reading;
    expect(counted).toMatchObject({ last: count, faults: [] });
    expect(counted.gaps).not.toEqual([]);
    expect(counted.lines + counted.gaps.reduce((sum, { missing }) => sum + missing, 0)).toBe(count);
  });
});
