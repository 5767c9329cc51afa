/** Cuts what is said about a failure to its limit, after it was redacted: half of a secret isn't found. */
import { longestPattern } from "../redact/patterns.ts";
import { takeEnd } from "../redact/utf8.ts";

/**
 * At most `most` bytes of UTF-8, the end kept, as that is where tools say what went wrong; what was cut says so in front.
 * `size` is how long the text was where it comes from, bytes: when that is more than is given here, it was cut before,
 * maybe inside a secret, whose rest no pattern of whole secrets masks; so a beginning as long as a pattern goes too.
 */
export function fitErrorText(text: string, { most, size }: { most: number; size?: number }): string {
  const bytes = Buffer.from(text);
  const actual = Math.max(size ?? 0, bytes.length);
  const isWhole = size === undefined || size <= bytes.length;
  if (isWhole && bytes.length <= most) return text;
  const notice = `[the message is ${actual} bytes, the limit is ${most} bytes: only its end is shown]\n`;
  const room = Math.min(most - notice.length, isWhole ? most : bytes.length - longestPattern);
  return notice + Buffer.from(takeEnd(bytes, Math.max(room, 0))).toString();
}
