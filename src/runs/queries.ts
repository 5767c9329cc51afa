/** What can be asked for in the query of each route; anything else is refused, as a misspelt filter would show too much. */
import type { Context } from "hono";
import * as v from "valibot";
import { check } from "../contract/decode.ts";
import { ClusterName, DriverName, GUResID } from "../contract/names.ts";
import { knownKeys } from "../contract/objects.ts";
import { refuse, type Result } from "../contract/result.ts";
import { runListLimits, RunStatus } from "../contract/runs-api/run-summary.ts";
import { Timestamp } from "../contract/timestamp.ts";
import { wholeNumber } from "../contract/variables.ts";
import { parsePositions } from "./positions.ts";

const Time = v.pipe(
  Timestamp,
  v.transform((text) => new Date(text)),
);

/** A cursor over several clusters. */
export const Cursor = v.pipe(
  v.string(),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    const positions = parsePositions(dataset.value);
    if (positions.ok) return positions.value;
    addIssue({ message: positions.problem });
    return NEVER;
  }),
);

/** A cursor within a run: the stream's sequence. */
export const Sequence = v.pipe(
  v.string(),
  v.regex(/^\d{1,15}$/, "must be a cursor that was given out here: digits"),
  v.transform(Number),
);

const Flag = v.pipe(
  v.picklist(["true", "false"], "must be true or false"),
  v.transform((text) => text === "true"),
);

/** Lines that a tail may have. */
const mostTailLines = 100_000;

export const ListQuery = knownKeys({
  cluster: v.optional(ClusterName),
  driver: v.optional(DriverName),
  guresid: v.optional(GUResID),
  status: v.optional(RunStatus),
  since: v.optional(Time),
  limit: v.optional(wholeNumber(1, runListLimits.most)),
  cursor: v.optional(Cursor),
});

export const RunEventsQuery = knownKeys({ follow: v.optional(Flag), after: v.optional(Sequence) });

export const LogsQuery = knownKeys({
  follow: v.optional(Flag),
  after: v.optional(Sequence),
  tail: v.optional(wholeNumber(0, mostTailLines)),
  format: v.optional(v.picklist(["text", "json"], "must be text or json")),
});

export const AllEventsQuery = knownKeys({
  follow: v.optional(Flag),
  since: v.optional(Time),
  after: v.optional(Cursor),
});

/** Reads the query; the problem names each parameter that can't be used. A parameter that is given twice is refused. */
export function readQuery<S extends v.GenericSchema>(c: Context, schema: S): Result<v.InferOutput<S>> {
  const all = c.req.queries();
  const twice = Object.keys(all).find((name) => (all[name] ?? []).length > 1);
  return twice === undefined ? check(schema, c.req.query()) : refuse(`${twice} is given more than once`);
}
