/** Why main failed, in its own words: any bytes, of any length, become a text. */
import { errorReadBytes } from "../../launch/launcher.ts";
import { openRegularFile, type RegularFile } from "./open-regular-file.ts";

/** The end of `ERROR_FILE`, and how long the file is. */
export interface ErrorText {
  readonly errorText: string;
  readonly errorBytes: number;
}

const nothing: ErrorText = { errorText: "", errorBytes: 0 };
const decoder = new TextDecoder();

/** The end of `ERROR_FILE`, at most `errorReadBytes` of it; empty when there is nothing that can be read. */
export async function readErrorText(file: string): Promise<ErrorText> {
  const opened = await openRegularFile(file);
  if (!opened.ok || opened.value === undefined) return nothing;
  const found = opened.value;
  try {
    return await readEnd(found);
  } catch {
    // The run has failed for another reason, which matters more than a disk that can't be read.
    return nothing;
  } finally {
    await found.close();
  }
}

async function readEnd({ size, read }: RegularFile): Promise<ErrorText> {
  const position = Math.max(0, size - errorReadBytes);
  const bytes = await read({ position, length: Math.min(size, errorReadBytes) });
  const errorText = decoder.decode(position === 0 ? bytes : dropPartialCharacter(bytes));
  return { errorText, errorBytes: size };
}

/** A cut may fall inside a character: its remaining bytes would become U+FFFD. */
function dropPartialCharacter(bytes: Uint8Array): Uint8Array {
  let start = 0;
  while (start < 3 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start++;
  return bytes.subarray(start);
}
