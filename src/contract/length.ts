/** Lengths of text that somebody else chose. */
import * as v from "valibot";

/** Text of at most that many characters (UTF-16 code units); the message says how many there are. */
export function atMostCharacters(limit: number) {
  return v.maxLength<string, number, (issue: v.MaxLengthIssue<string, number>) => string>(
    limit,
    ({ received }) => `is ${received} characters, the limit is ${limit} characters`,
  );
}

/** A name, an id or a few words that a program chose: far longer than any of ours, so that only a hostile one is refused. */
export const ShortText = v.pipe(v.string(), atMostCharacters(1024));
