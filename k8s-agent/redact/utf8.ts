/** Where UTF-8 may be cut, and text from bytes that may not be UTF-8. */
import { isUtf8 } from "node:buffer";

/** The place at or before `at` where a character begins; what is no UTF-8 may be cut anywhere. */
export function startOfCharacter(bytes: Uint8Array, at: number): number {
  for (let start = at; start >= 0 && start >= at - 3; start--) {
    if (!isContinuation(bytes[start])) return start;
  }
  return at;
}

/** Where the bytes end but for a character that may go on in bytes to come; at most three are left out. */
export function endOfCharacters(bytes: Uint8Array): number {
  for (let start = bytes.length - 1; start >= 0 && start >= bytes.length - 3; start--) {
    const byte = bytes[start] ?? 0;
    if (isContinuation(byte)) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc2 ? 2 : 1;
    return start + length > bytes.length ? start : bytes.length;
  }
  return bytes.length;
}

/** The same bytes if they are UTF-8; else with U+FFFD in the place of each sequence that isn't. */
export function toUtf8(bytes: Uint8Array): Uint8Array {
  // Buffer replaces as TextDecoder does, but faster, and keeps byte order marks.
  return isUtf8(bytes) ? bytes : Buffer.from(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString());
}

/** The end of a text in UTF-8, at most `most` bytes, cut between two characters. */
export function takeEnd(text: Uint8Array, most: number): Uint8Array {
  let start = Math.max(0, text.length - most);
  while (start < text.length && isContinuation(text[start])) start++;
  return text.subarray(start);
}

/** The beginning of a text in UTF-8, at most `most` bytes, cut between two characters. */
export function takeStart(text: Uint8Array, most: number): Uint8Array {
  return text.length <= most ? text : text.subarray(0, startOfCharacter(text, most));
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}
