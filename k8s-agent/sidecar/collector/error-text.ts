/** Why main failed, in its own words: any bytes, of any length, become a text that fits into an event. */
import { describeLimit, limits } from "../../../src/contract/limits.ts";
import { openRegularFile, type RegularFile } from "./open-regular-file.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The end of `ERROR_FILE`, at most `limits.errorTextBytes` of UTF-8; empty when there is nothing that can be read. */
export async function readErrorText(file: string): Promise<string> {
  const opened = await openRegularFile(file);
  if (!opened.ok || opened.value === undefined) return "";
  const found = opened.value;
  try {
    return await readEnd(found);
  } catch {
    // The run has failed for another reason, which matters more than a disk that can't be read.
    return "";
  } finally {
    await found.close();
  }
}

async function readEnd({ size, read }: RegularFile): Promise<string> {
  const position = Math.max(0, size - limits.errorTextBytes);
  const bytes = await read({ position, length: Math.min(size, limits.errorTextBytes) });
  const text = decoder.decode(position === 0 ? bytes : dropPartialCharacter(bytes));
  return fitErrorText(text, size);
}

/** What isn't UTF-8 grows threefold when it is replaced by U+FFFD, so the text is measured, not the file alone. */
function fitErrorText(text: string, size: number): string {
  const encoded = encoder.encode(text);
  const actual = Math.max(size, encoded.length);
  if (actual <= limits.errorTextBytes) return text;
  const limit = describeLimit("ERROR_FILE", actual, limits.errorTextBytes, "bytes");
  const notice = `[${limit}: only its end is shown]\n`;
  const end = encoded.subarray(Math.max(0, encoded.length - (limits.errorTextBytes - encoder.encode(notice).length)));
  return notice + decoder.decode(dropPartialCharacter(end));
}

/** A cut may fall inside a character: its remaining bytes would become U+FFFD. */
function dropPartialCharacter(bytes: Uint8Array): Uint8Array {
  let start = 0;
  while (start < 3 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start++;
  return bytes.subarray(start);
}
