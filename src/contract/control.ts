/**
 * What a front door asks of a run that was placed: `cd.v1.controls.<cluster>.<runId>` holds the last of it, as a compact
 * JWS of this (src/sealing/control.ts).
 */
import * as v from "valibot";
import { RunAddress } from "./names.ts";
import { Timestamp } from "./timestamp.ts";

/** Who asks, in words that people know them by; one line, as it is shown in messages. */
const Person = v.pipe(v.string(), v.minLength(1), v.maxLength(200), v.regex(/^[^\p{Cc}\p{Zl}\p{Zp}]*$/u));

export const RunControl = v.object({
  v: v.literal(1),
  /** `cancel`: stop the run; one that nobody has launched isn't launched any more. */
  kind: v.literal("cancel"),
  ...RunAddress.entries,
  by: Person,
  /** When, ISO 8601. */
  at: Timestamp,
});
export type RunControl = v.InferOutput<typeof RunControl>;

/** A name as a control may carry it: on one line, at most 200 characters, never empty. */
export function toPerson(name: string): string {
  const line = name
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ")
    .trim()
    .slice(0, 200)
    // Half of a character that was cut is none.
    .toWellFormed();
  return line === "" ? "somebody without a name" : line;
}
