/** `GET /runs/<id>/logs`: a run's log in the chunks that it was stored in. */
import * as v from "valibot";

/** One chunk: one JSON line, or the data of one server-sent event, whose `id` is the cursor. */
export const LogLine = v.object({
  /** What to give as `after`, or as `Last-Event-ID`, to go on behind this chunk. */
  cursor: v.string(),
  /** 0, 1, 2 … for each run. */
  index: v.number(),
  /** When it was stored, ISO 8601. */
  time: v.string(),
  /** Log text: any number of lines, cut anywhere between two characters. */
  text: v.string(),
  /** What is missing before this chunk, and why. Either figure is left out where it isn't known. */
  gap: v.optional(v.object({ bytes: v.optional(v.number()), chunks: v.optional(v.number()), reason: v.string() })),
  /** True in the last chunk of a run's log. */
  end: v.optional(v.boolean()),
});
export type LogLine = v.InferOutput<typeof LogLine>;
