/** Keeps the end of a log for error texts. */
import { limits } from "../../src/contract/limits.ts";
import { takeEnd, takeStart } from "../redact/utf8.ts";

export interface LogTail {
  add(text: Uint8Array): void;
  /** The last `limits.logTailBytes` of the log. */
  readonly tail: string;
  /** The last line that isn't empty, its first KiB. */
  readonly lastLine: string;
}

const lastLineBytes = 1024;

export function createLogTail(): LogTail {
  let bytes: Uint8Array = new Uint8Array();
  return {
    add(text) {
      // A copy, so that the tail doesn't keep whole chunks alive.
      bytes = new Uint8Array(takeEnd(Buffer.concat([bytes, takeEnd(text, limits.logTailBytes)]), limits.logTailBytes));
    },
    get tail() {
      return Buffer.from(bytes).toString();
    },
    get lastLine() {
      const line =
        Buffer.from(bytes)
          .toString()
          .trimEnd()
          .split(/[\r\n]/)
          .at(-1)
          ?.trim() ?? "";
      return Buffer.from(takeStart(Buffer.from(line), lastLineBytes)).toString();
    },
  };
}
