import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { LogPiece } from "../../launch/launcher.ts";
import { anyRecords, cutAt, renderLog, toText, type LogRecord } from "./kubelet.fixture.ts";
import { decodeMark, encodeMark, logStart, type Position } from "./position.ts";
import { createSplice, rotatedAway } from "./splice.ts";

const podUid = "0c0ffee0-7357";
const receivedAt = new Date("2026-11-23T01:00:00Z");
const fraction = fc.double({ min: 0, max: 1, noNaN: true });

/** One stream of a log, of which so much comes; what is new in it, and where it got to. */
function read(records: readonly LogRecord[], { position = logStart, cuts = [] as number[], part = 1 } = {}) {
  const splice = createSplice({ podUid, position, follow: true, judgeBeginning: () => undefined });
  const log = renderLog(records, position.anchor?.since);
  const come = log.subarray(0, Math.floor(part * log.length));
  const pieces = cutAt(come, cuts).flatMap((bytes) => splice.push(bytes, receivedAt));
  return { pieces, text: join(pieces), position: splice.position, end: splice.end() };
}

function join(pieces: readonly LogPiece[]): string {
  return Buffer.concat(pieces.map(({ bytes }) => bytes)).toString("latin1");
}

function locate(mark: string): Position {
  const decoded = decodeMark(mark);
  if (!decoded.ok) throw new Error(decoded.problem);
  return decoded.value.position;
}

describe("a stream of a log", () => {
  test("gives the log without timestamps, however it is cut", () => {
    fc.assert(
      fc.property(anyRecords, fc.array(fraction), (records, cuts) => {
        const { text, end, pieces } = read(records, { cuts });
        expect(text).toBe(toText(records));
        expect(end).toEqual({ missed: false, late: false });
        expect(pieces.filter(({ gap }) => gap !== undefined)).toEqual([]);
      }),
    );
  });

  test("that is cut anywhere, again and again, goes on without a lost or doubled byte", () => {
    fc.assert(
      fc.property(anyRecords, fc.array(fraction), (records, parts) => {
        let position = logStart;
        let whole = "";
        for (const part of [...parts, 1]) {
          const session = read(records, { position, part });
          expect(session.pieces.filter(({ gap }) => gap !== undefined)).toEqual([]);
          whole += session.text;
          ({ position } = session);
        }
        expect(whole).toBe(toText(records));
      }),
      { numRuns: 1000 },
    );
  });

  test("goes on from the mark of each piece", () => {
    fc.assert(
      fc.property(anyRecords, fc.array(fraction), (records, cuts) => {
        let offset = 0;
        for (const { mark, bytes } of read(records, { cuts }).pieces) {
          expect(read(records, { position: locate(mark) }).text).toBe(toText(records).slice(offset));
          offset += bytes.length;
        }
      }),
    );
  });

  test("whose beginning was rotated away while nobody read says what can't be read", () => {
    const time = fc.integer({ min: 1, max: 5 });
    fc.assert(
      fc.property(fc.array(time, { minLength: 2, maxLength: 20 }), fraction, fraction, (steps, part, rotation) => {
        let seconds = 1_795_393_411;
        const records = steps.map((by, index): LogRecord => {
          seconds += by;
          return { written: { seconds, nanos: 0 }, content: `line ${index}`, partial: false };
        });
        const first = read(records, { part });
        const newest = Math.floor(rotation * records.length);
        const { pieces, end } = read(records.slice(newest), { position: first.position });
        const anchor = first.position.anchor?.written.seconds ?? 0;
        const isThere = records.slice(newest).some(({ written }) => written.seconds === anchor);
        const rest = toText(records).slice(first.text.length);
        if (anchor === 0 || isThere) expect(join(pieces)).toBe(anchor === 0 ? toText(records.slice(newest)) : rest);
        else if (pieces.length === 0) expect(end.missed).toBe(true);
        else {
          expect(pieces[0]?.gap).toEqual({ reason: rotatedAway });
          expect(join(pieces)).toBe(toText(records.slice(newest)));
        }
      }),
    );
  });

  test("in which the clock was set back goes on all the same", () => {
    const at = (seconds: number, content: string) => ({ written: { seconds, nanos: 5 }, content, partial: false });
    const records = [at(1000, "one"), at(2000, "two"), at(1500, "three"), at(1501, "four"), at(1502, "five")];
    const log = renderLog(records);
    const first = read(records, { part: (log.indexOf("four") + 2) / log.length });
    expect(first.text).toBe("one\ntwo\nthree\nfo");
    expect(read(records, { position: first.position }).text).toBe("ur\nfive\n");
  });

  test("has the kubelet's own words told from main's", () => {
    const splice = createSplice({ podUid, position: logStart, follow: true, judgeBeginning: () => undefined });
    const log = "2026-11-23T00:23:31.987759199Z main's\nunable to retrieve container logs for containerd://1\n";
    expect(join(splice.push(Buffer.from(log), receivedAt))).toBe("main's\n");
    expect(splice.end().remark).toBe("unable to retrieve container logs for containerd://1");
  });

  test("takes nothing of a long line that began before it for the kubelet's words", () => {
    const parts = ["a".repeat(100), "b".repeat(100)].map((content, index) => ({
      written: { seconds: 1000 + index * 60, nanos: 0 },
      content,
      partial: index === 0,
    }));
    const records = [...parts, { written: { seconds: 1061, nanos: 0 }, content: "next", partial: false }];
    const { position } = read(records);
    const again = read(records, { position });
    expect(again.text).toBe("");
    expect(again.end).toEqual({ missed: false, late: false });
  });
});

describe("a mark", () => {
  test("says a place, and nothing else is one", () => {
    const position = { anchor: { written: { seconds: 1_795_393_411, nanos: 7 }, since: 1_795_393_410 }, bytes: 42 };
    const mark = encodeMark(podUid, position);
    expect(mark).toBe(`${podUid}/1795393411.000000007/1795393410/42`);
    expect(decodeMark(mark)).toEqual({ ok: true, value: { podUid, position } });
    expect(decodeMark(encodeMark(podUid, logStart))).toEqual({ ok: true, value: { podUid, position: logStart } });
    for (const other of ["", "42", "/start/0/0", `${podUid}/`, `${mark}/`, `${mark}x`, "a/1.5/0/0", "a/start/0/-1"]) {
      expect(decodeMark(other)).toMatchObject({ ok: false });
    }
  });
});
