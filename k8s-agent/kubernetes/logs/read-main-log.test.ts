import { describe, expect, test } from "vitest";
import { createReadAheadBudget, leastBytes, type ReadAheadBudget } from "../../logs/read-ahead-budget.ts";
import { ApiRefusal } from "../api/cluster-api.ts";
import { collect, createScriptedPod, enter, podUid, wait, write, type Session } from "./pod.fixture.ts";
import { readMainLog } from "./read-main-log.ts";
import { rotatedAway, surelyWholeBytes } from "./splice.ts";

const signal = new AbortController().signal;
const line = (second: number, text: string) =>
  `2026-11-23T00:00:${String(second).padStart(2, "0")}.000000001Z ${text}\n`;
const lines = (...texts: string[]) => texts.map((text, index) => line(index + 1, text)).join("");
const broken = { kind: "break" } as const;
const hang = { kind: "hang" } as const;

async function read(
  sessions: readonly Session[],
  { from = undefined as string | undefined, state = "running" as const } = {},
) {
  const pod = createScriptedPod(sessions, state);
  const { text, pieces } = await collect(readMainLog(pod, { from, signal }));
  return { text, pieces, calls: pod.calls };
}

describe("main's log", () => {
  test("of an ordinary run costs one call", async () => {
    const { text, calls } = await read([
      [write(lines("one", "two")), wait(3000), write(line(4, "three")), enter("ended")],
    ]);
    expect(text).toBe("one\ntwo\nthree\n");
    expect(calls).toMatchObject([{ follow: true, sinceTime: undefined }]);
  });

  test("is whole when the status is later than the log", async () => {
    const pod = createScriptedPod([[write(lines("one"))]]);
    const reading = collect(readMainLog(pod, { from: undefined, signal }));
    void pod.pause(3000, signal).then(() => pod.enter("ended"));
    expect((await reading).text).toBe("one\n");
    expect(pod.calls).toHaveLength(1);
  });

  test("of a main that has ended is read once, without waiting", async () => {
    const pod = createScriptedPod([[write(lines("one"))]], "ended");
    expect((await collect(readMainLog(pod, { from: undefined, signal }))).text).toBe("one\n");
    expect(pod.calls).toMatchObject([{ follow: false }]);
  });

  test("isn't asked for before main has started", async () => {
    const pod = createScriptedPod([[write(lines("one")), enter("ended")]], "waiting");
    const reading = collect(readMainLog(pod, { from: undefined, signal }));
    await pod.pause(60_000, signal);
    expect(pod.calls).toEqual([]);
    pod.enter("running");
    expect((await reading).text).toBe("one\n");
  });

  test.each(["never", "gone"] as const)("is empty when main %s started", async (state) => {
    const pod = createScriptedPod([], "waiting");
    const reading = collect(readMainLog(pod, { from: undefined, signal }));
    pod.enter(state);
    expect(await reading).toEqual({ text: "", pieces: [] });
  });

  test("goes on when the stream ends before main does", async () => {
    const { text, calls } = await read([
      [write(lines("one", "two"))],
      [write(lines("one", "two", "three")), enter("ended")],
    ]);
    expect(text).toBe("one\ntwo\nthree\n");
    expect(calls).toMatchObject([{ follow: true }, { follow: true, sinceTime: "2026-11-23T00:00:01.000Z" }]);
  });

  test("goes on where its connection broke, in the middle of a line", async () => {
    const { text, calls } = await read([
      [write(lines("one", "two").slice(0, -2)), broken],
      [broken],
      new Error("no connection"),
      [write(lines("one", "two").slice(0, 20)), broken],
      [write(lines("one", "two", "three")), enter("ended")],
    ]);
    expect(text).toBe("one\ntwo\nthree\n");
    expect(calls).toHaveLength(5);
  });

  test("is read once more when its stream ends behind a silence in which connections are cut", async () => {
    const { text, calls } = await read([
      [write(lines("one")), wait(30_000), enter("ended")],
      [write(lines("one", "last words"))],
    ]);
    expect(text).toBe("one\nlast words\n");
    expect(calls).toMatchObject([{ follow: true }, { follow: false }]);
  });

  test("is opened anew when its connection is silent for five minutes, for an hour", async () => {
    const silent: Session = [write(lines("one")), hang];
    const { text, calls } = await read([
      ...Array.from({ length: 12 }, () => silent),
      [write(lines("one", "an hour later")), enter("ended")],
      [write(lines("one", "an hour later"))],
    ]);
    expect(text).toBe("one\nan hour later\n");
    expect((calls[12]?.at ?? 0) - (calls[0]?.at ?? 0)).toBeGreaterThanOrEqual(3_600_000);
    expect((calls[12]?.at ?? 0) - (calls[0]?.at ?? 0)).toBeLessThan(3_700_000);
  });

  test("is read to its end soon after main's when the connection is dead", async () => {
    const { text, calls } = await read([[write(lines("one")), enter("ended"), hang], [write(lines("one", "two"))]]);
    expect(text).toBe("one\ntwo\n");
    expect((calls[1]?.at ?? 0) - (calls[0]?.at ?? 0)).toBeLessThan(12_000);
  });

  test("of a container that isn't ready for it is asked for again", async () => {
    const { text } = await read(["not-yet", "not-yet", [write(lines("one")), enter("ended")]]);
    expect(text).toBe("one\n");
  });

  test("never has what the kubelet says in it", async () => {
    const failure = "failed to create fsnotify watcher: too many open files";
    const { text } = await read([
      [write(lines("one")), write(failure)],
      [write(lines("one", "two") + failure), enter("ended")],
      [write(lines("one", "two", "three"))],
    ]);
    expect(text).toBe("one\ntwo\nthree\n");
  });
});

describe("a gap in main's log is said", () => {
  const big = line(1, "x".repeat(300_000));
  const next = "2026-11-23T00:00:01.200000001Z next\n";

  test("when the node has rotated the log meanwhile", async () => {
    const { text, pieces } = await read([
      [write(lines("one", "two")), broken],
      [write(line(30, "thirty")), enter("ended")],
    ]);
    expect(text).toBe(`one\ntwo\n[gap: ${rotatedAway}]thirty\n`);
    expect(pieces.at(-1)?.mark).toBe(`${podUid}/1795392030.000000001/1795392029/0`);
  });

  test("when a big log's stream broke off at a rotation", async () => {
    const { text, calls } = await read([[write(big)], [write(line(9, "nine")), enter("ended")]]);
    expect(text).toBe(`${"x".repeat(300_000)}\n[gap: ${rotatedAway}]nine\n`);
    expect(calls).toMatchObject([{ follow: true }, { follow: true }]);
  });

  test("but not when it stopped at one because main had ended, and another file goes on at once", async () => {
    const { text, calls } = await read([[write(big), enter("ended")], [write(next)]]);
    expect(text).toBe(`${"x".repeat(300_000)}\nnext\n`);
    expect(calls).toMatchObject([{ follow: true }, { follow: false }]);
  });

  test("when it stopped at one because main had ended, and there may have been a file between", async () => {
    const { text } = await read([[write(big), enter("ended")], [write(line(9, "nine"))]]);
    expect(text).toBe(`${"x".repeat(300_000)}\n[gap: ${rotatedAway}]nine\n`);
  });

  test("when a stream leaves out files", async () => {
    const { text, calls } = await read([
      [write(big), wait(1000), write(line(9, "nine") + line(10, "ten"))],
      [write(line(9, "nine") + line(10, "ten")), enter("ended")],
    ]);
    expect(text).toBe(`${"x".repeat(300_000)}\n[gap: ${rotatedAway}]nine\nten\n`);
    expect(calls).toMatchObject([{ follow: true }, { follow: true, sinceTime: "2026-11-23T00:00:00.000Z" }]);
  });

  test("but not for a main that was silent meanwhile, which costs one call", async () => {
    const whole = big + line(9, "nine") + line(30, "thirty") + line(50, "fifty");
    const { text, calls } = await read([
      [write(big), wait(1000), write(line(9, "nine"))],
      [write(whole), enter("ended")],
      [write(whole)],
    ]);
    expect(text).toBe(`${"x".repeat(300_000)}\nnine\nthirty\nfifty\n`);
    expect(calls).toMatchObject([{ follow: true }, { follow: true }, { follow: false }]);
  });

  test("but not where the kubelet stays behind at the end of a file: the next one is opened soon enough", async () => {
    const { text, calls } = await read([
      [write(big), hang],
      [write(next), enter("ended")],
    ]);
    expect(text).toBe(`${"x".repeat(300_000)}\nnext\n`);
    expect((calls[1]?.at ?? 0) - (calls[0]?.at ?? 0)).toBe(1500);
  });

  test("but not for a main that was silent, however late it is read", async () => {
    const { text } = await read([
      [
        write(line(1, "one")),
        wait(8000),
        write(lines("one", "two").slice(34)),
        write(line(30, "thirty")),
        enter("ended"),
      ],
    ]);
    expect(text).toBe("one\ntwo\nthirty\n");
  });

  test("when the pod is gone before its log was read to the end", async () => {
    const gap = "[gap: the pod was gone before its log was surely read to the end: lines may be missing here]";
    expect((await read([[write(lines("one")), broken], "gone"])).text).toBe(`one\n${gap}`);
    expect((await read(["gone"])).text).toBe(gap);
    expect((await read([[write(lines("one")), wait(60_000), enter("gone"), hang], "gone"])).text).toBe(`one\n${gap}`);
    expect((await read([[write(lines("one")), enter("gone"), broken]])).text).toBe(`one\n${gap}`);
  });

  test("but not when the pod went after the log's end", async () => {
    expect((await read([[write(lines("one")), enter("gone")]])).text).toBe("one\n");
    expect((await read([[write(lines("one")), wait(60_000), enter("gone")], "gone"])).text).toBe("one\n");
    // Its stream stays open.
    expect((await read([[write(lines("one")), enter("gone"), hang], "gone"])).text).toBe("one\n");
    // The status was late.
    expect((await read([[write(lines("one"))], "gone"])).text).toBe("one\n");
  });

  test("when what was read before is another pod's", async () => {
    const { text, pieces } = await read([[write(lines("one")), enter("ended")]], { from: "other-pod/1.000000001/0/7" });
    expect(text).toBe("[gap: what was read before is the log of another pod: its rest is missing here]one\n");
    expect(pieces[0]?.mark).toBe(`${podUid}/start/0/0`);
  });

  test("when a log that has ended can't be read, after some tries", async () => {
    const refusal = new ApiRefusal("read the log", {
      status: 403,
      reason: "Forbidden",
      message: "pods/log is forbidden",
    });
    const { text, calls } = await read([
      [write(lines("one")), enter("ended"), broken],
      ...Array.from({ length: 20 }, () => refusal),
    ]);
    expect(text).toMatch(/^one\n\[gap: the log could not be read to its end, in 10 tries: .*pods\/log is forbidden\]$/);
    expect(calls.length).toBeLessThan(13);
  });

  test("with the kubelet's words when those are all that there is", async () => {
    const words = "unable to retrieve container logs for containerd://12ab";
    const { text } = await read([[write(words), enter("ended")], ...Array.from({ length: 20 }, () => [write(words)])]);
    expect(text).toMatch(/^\[gap: the log could not be read to its end, in 10 tries: unable to retrieve [^\]]*12ab\]$/);
  });
});

describe("the log of a pod that is being deleted", () => {
  const words = "unable to retrieve container logs for containerd://12ab";

  test("isn't asked for again once its node has removed it", async () => {
    const pod = createScriptedPod([
      [write(lines("one")), write("rpc error: code = NotFound"), enter("ended")],
      [write(words)],
    ]);
    pod.leave();
    const { text } = await collect(readMainLog(pod, { from: undefined, signal }));
    expect(text).toBe(
      "one\n[gap: the pod was gone before its log was surely read to the end: lines may be missing here]",
    );
    expect(pod.calls).toHaveLength(2);
  });

  test("is whole when it was read to its end before", async () => {
    const long = line(1, "x".repeat(surelyWholeBytes));
    const pod = createScriptedPod([[write(long), enter("ended")], [write(words)]]);
    pod.leave();
    const { text } = await collect(readMainLog(pod, { from: undefined, signal }));
    expect(text).toBe(`${"x".repeat(surelyWholeBytes)}\n`);
    expect(pod.calls).toHaveLength(2);
  });
});

describe("reading main's log", () => {
  test("rejects at a mark that is none", async () => {
    await expect(read([], { from: "12" })).rejects.toThrow(
      'Cannot read the log from its mark: "12" is not the mark of a place in a pod\'s log',
    );
  });

  test("ends when its signal aborts, wherever it is", async () => {
    for (const sessions of [[[write(lines("one")), hang]], ["not-yet"], [[hang]]] satisfies Session[][]) {
      const pod = createScriptedPod(sessions);
      const stop = new AbortController();
      void pod.pause(100, signal).then(() => stop.abort());
      expect((await collect(readMainLog(pod, { from: undefined, signal: stop.signal }))).text).toMatch(/^(one\n)?$/);
    }
  });

  test("closes the connection when nobody wants more", async () => {
    const pod = createScriptedPod([[write(lines("one")), hang]]);
    let closed = false;
    const openLog: typeof pod.openLog = (request) => {
      request.signal.addEventListener("abort", () => (closed = true));
      return pod.openLog(request);
    };
    for await (const _ of readMainLog({ ...pod, openLog }, { from: undefined, signal })) break;
    expect(closed).toBe(true);
  });

  /** A log of 100 lines, whose taker is busy: how many of them are read after a while. */
  async function readAheadOf(length: number, budget?: ReadAheadBudget) {
    let sent = 0;
    const chunk = Buffer.from(line(1, "x".repeat(length)));
    const pod = createScriptedPod([[]]);
    const openLog: typeof pod.openLog = async () => ({
      kind: "open",
      bytes: (async function* () {
        for (; sent < 100; sent += 1) yield chunk;
        pod.enter("ended");
      })(),
    });
    const source = { ...pod, openLog, ...(budget && { readAheadBudget: budget }) };
    const reading = readMainLog(source, { from: undefined, signal });
    await reading.next();
    const settle = async () => {
      for (let turns = 0; turns < 150; turns += 1) await pod.pause(1, signal);
      return sent;
    };
    return { reading, settle, sent: await settle() };
  }

  test("goes on while whoever takes it is busy, up to a bound", async () => {
    const { reading, sent } = await readAheadOf(1_000_000);
    expect(sent).toBeGreaterThanOrEqual(8);
    expect(sent).toBeLessThan(12);
    await reading.return(undefined);
  });

  test("goes on up to less where others hold all that there is for all, and further once they don't", async () => {
    const budget = createReadAheadBudget({ mostBytes: 100 * leastBytes, mostBytesOfAll: 10 * leastBytes });
    const first = await readAheadOf(leastBytes, budget);
    expect(first.sent).toBeGreaterThanOrEqual(10);
    expect(first.sent).toBeLessThan(13);
    const second = await readAheadOf(leastBytes, budget);
    expect(second.sent).toBeLessThan(3);
    await first.reading.return(undefined);
    expect(await second.settle()).toBeGreaterThanOrEqual(10);
    await second.reading.return(undefined);
    expect(budget.held).toBe(0);
  });
});
