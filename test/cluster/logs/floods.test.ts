import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readMainLog } from "../../../k8s-agent/kubernetes/logs/read-main-log.ts";
import { openLogStage, type LogStage } from "./log-stage.ts";
import { countLines, numberedLineBytes, printNumberedLines } from "./numbered-lines.ts";

let stage: LogStage;
beforeAll(async () => {
  stage = await openLogStage();
});
afterAll(() => stage.close());

const { signal } = new AbortController();
const mebibyte = 1024 * 1024;

describe("main's log, when main writes a lot", () => {
  // A node that does everything on two processors can't always be read at 2.5 MB/s: `STEADY_MIB=100 STEADY_KB=2500` asks
  // for that. A busy machine may be too slow even so, and then says so: whole it must be at one of five times.
  const [mebibytes, kilobytes] = [Number(process.env["STEADY_MIB"] ?? 25), Number(process.env["STEADY_KB"] ?? 400)];
  test(`is whole across rotations: ${mebibytes} MiB at ${kilobytes} kB/s`, { retry: 4 }, async ({ task }) => {
    const count = Math.ceil((mebibytes * mebibyte) / numberedLineBytes);
    const pod = await stage.startPod(
      `steady-${task.result?.retryCount ?? 0}`,
      printNumberedLines({ count, burst: kilobytes, pauseMilliseconds: 95 }),
    );
    const counted = await countLines(readMainLog(pod.source, { from: undefined, signal }));
    expect(counted).toEqual({ lines: count, last: count, faults: [], gaps: [] });
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
