/** Remembers how a log ends: its last lines, for the error text, and the very last one that says something. */
import { limits } from "../../src/contract/limits.ts";
import { takeEnd, takeStart } from "../redact/utf8.ts";

/** More of the last line than this isn't shown. */
export const lastLineBytes = 1024;

export interface EndOfLog {
  /** The last line with anything but white space in it; its first `lastLineBytes`. Empty: there is none. */
  readonly lastLine: string;
  /** The last `limits.logTailBytes`. */
  readonly tail: string;
}

export interface LogTail {
  /** Takes the next text, UTF-8, whole characters; keeps a copy of what it needs. */
  add(text: Uint8Array): void;
  read(): EndOfLog;
}

const newline = 0x0a;
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

export function createLogTail(): LogTail {
  let tail: Uint8Array = new Uint8Array();
  /** The beginning of the line that isn't finished yet. */
  let line: Uint8Array = new Uint8Array();
  let lastFinished = "";

  return {
    add(text) {
      const whole = text.length < limits.logTailBytes ? Buffer.concat([tail, text]) : text;
      tail = new Uint8Array(takeEnd(whole, limits.logTailBytes));
      const end = text.lastIndexOf(newline);
      if (end >= 0) {
        const finished = findLastLine(text.subarray(0, end), line);
        lastFinished = finished === "" ? lastFinished : finished;
        line = new Uint8Array();
      }
      line = joinStart(line, text.subarray(end + 1));
    },
    read() {
      const unfinished = readLine(line);
      return { lastLine: unfinished === "" ? lastFinished : unfinished, tail: decoder.decode(tail) };
    },
  };
}

/** The last line that isn't blank; the first one goes on from what came before. Empty: all are. */
function findLastLine(text: Uint8Array, before: Uint8Array): string {
  let end = text.length;
  for (;;) {
    const start = end === 0 ? 0 : text.lastIndexOf(newline, end - 1) + 1;
    const line = text.subarray(start, end);
    const shown = readLine(start === 0 ? joinStart(before, line) : line);
    if (shown !== "" || start === 0) return shown;
    end = start - 1;
  }
}

function readLine(line: Uint8Array): string {
  return decoder.decode(takeStart(line, lastLineBytes)).trim();
}

/** As much of the two as a line's beginning needs. */
function joinStart(start: Uint8Array, more: Uint8Array): Uint8Array {
  return start.length >= lastLineBytes ? start : Buffer.concat([start, takeStart(more, lastLineBytes)]);
}
