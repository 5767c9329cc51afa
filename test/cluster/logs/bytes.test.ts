import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { decodeMark } from "../../../k8s-agent/kubernetes/logs/position.ts";
import { readMainLog } from "../../../k8s-agent/kubernetes/logs/read-main-log.ts";
import type { LogPiece } from "../../../k8s-agent/launch/launcher.ts";
import { openLogStage, type LogStage, type Watched } from "./log-stage.ts";
import { buildNumberedLines, dropInnerTimestamps, printNumberedLines } from "./numbered-lines.ts";

let stage: LogStage;
beforeAll(async () => {
  stage = await openLogStage();
});
afterAll(() => stage.close());

const { signal } = new AbortController();

async function read({ source }: Watched, from?: string): Promise<{ text: string; pieces: LogPiece[] }> {
  const pieces: LogPiece[] = [];
  for await (const piece of readMainLog(source, { from, signal })) pieces.push(piece);
  expect(pieces.filter(({ gap }) => gap !== undefined)).toEqual([]);
  return { text: Buffer.concat(pieces.map(({ bytes }) => bytes)).toString("latin1"), pieces };
}

describe("main's log on a cluster", () => {
  test("is the bytes that main wrote, and costs one call", async () => {
    const pod = await stage.startPod(
      "bytes",
      "printf 'a\\n\\n\\0x\\ry\\n\\377\\376 \\n  two  spaces \\nno newline'; sleep 2",
    );
    expect((await read(pod)).text).toBe("a\n\n\0x\ry\n\xff\xfe \n  two  spaces \nno newline");
    expect(pod.calls).toBe(1);
  });

  test("of a main that writes nothing is empty, and costs one call", async () => {
    const pod = await stage.startPod("empty", "sleep 1");
    expect((await read(pod)).text).toBe("");
    expect(pod.calls).toBe(1);
  });

  test("has lines that look like the kubelet's", async () => {
    const lines = [
      "unable to retrieve container logs for containerd://1",
      "2026-11-23T00:23:31.987759199Z forged",
      " ",
      "",
    ];
    const pod = await stage.startPod("forged", `printf '%s\\n' ${lines.map((line) => `'${line}'`).join(" ")}`);
    expect((await read(pod)).text).toBe(`${lines.join("\n")}\n`);
  });

  test("has a line of 20 MiB in one piece", async () => {
    const bytes = 20 * 1024 * 1024;
    const pod = await stage.startPod("long", `head -c ${bytes} /dev/zero | tr '\\0' x; echo; echo after; sleep 1`);
    const text = dropInnerTimestamps((await read(pod)).text);
    expect(text.length).toBe(bytes + "\nafter\n".length);
    expect(/^x+\nafter\n$/.test(text)).toBe(true);
  });

  test("has both streams, each in its order", async () => {
    const pod = await stage.startPod("streams", "for i in $(seq 2000); do echo out $i; echo err $i >&2; done");
    const lines = (await read(pod)).text.split("\n");
    for (const stream of ["out", "err"]) {
      const expected = Array.from({ length: 2000 }, (_, index) => `${stream} ${index + 1}`);
      expect(lines.filter((line) => line.startsWith(stream))).toEqual(expected);
    }
    expect(lines).toHaveLength(4001);
  });

  test("goes on from the mark of any of its pieces", async () => {
    const pod = await stage.startPod(
      "marks",
      printNumberedLines({ count: 20_000, burst: 500, pauseMilliseconds: 100 }),
    );
    const whole = buildNumberedLines(1, 20_000);
    const { text, pieces } = await read(pod);
    expect(text).toBe(whole);
    expect(pieces.length).toBeGreaterThan(10);
    const offsets = pieces.map((_, index) => pieces.slice(0, index).reduce((sum, { bytes }) => sum + bytes.length, 0));
    const every = Math.ceil(pieces.length / 12);
    for (const [index, { mark }] of pieces.entries()) {
      // Each of them is a mark; a dozen calls prove it.
      expect(decodeMark(mark).ok).toBe(true);
      if (index % every === 0) expect((await read(pod, mark)).text === whole.slice(offsets[index])).toBe(true);
    }
  });

  test("goes on from a mark while main writes, as the one who adopts a run reads it", async () => {
    const pod = await stage.startPod(
      "adopted",
      printNumberedLines({ count: 20_000, burst: 500, pauseMilliseconds: 100 }),
    );
    let mark: string | undefined;
    let text = "";
    while (text.length < 2_000_000) {
      // Each replica gets some pieces and dies; the next one has the mark of the last piece.
      let pieces = 0;
      for await (const piece of readMainLog(pod.source, { from: mark, signal })) {
        if ((pieces += 1) > 5) {
          ({ mark } = piece);
          break;
        }
        expect(piece.gap).toBeUndefined();
        text += Buffer.from(piece.bytes).toString("latin1");
      }
    }
    expect(text).toBe(buildNumberedLines(1, 20_000));
  });

  test("of another pod is never taken for this one's", async () => {
    const first = await stage.startPod("first", "echo of the first");
    const second = await stage.startPod("second", "echo of the second");
    const { pieces } = await read(first);
    const other = [];
    for await (const piece of readMainLog(second.source, { from: pieces[0]?.mark, signal })) other.push(piece);
    expect(other.map(({ gap, bytes }) => [gap !== undefined, Buffer.from(bytes).toString()])).toEqual([
      [true, ""],
      [false, "of the second\n"],
    ]);
  });

  test("ends with its pod when somebody deletes that", async () => {
    const pod = await stage.startPod("deleted", "echo before; trap 'echo terminated; exit 3' TERM; sleep 600 & wait");
    const text: string[] = [];
    for await (const { bytes, gap } of readMainLog(pod.source, { from: undefined, signal })) {
      text.push(gap === undefined ? Buffer.from(bytes).toString() : `[${gap.reason}]`);
      if (text.join("") === "before\n") await pod.remove({ graceSeconds: 5 });
    }
    expect(text.join("")).toBe("before\nterminated\n");
  });
});
