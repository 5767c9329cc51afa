/** `GET /runs/<id>/events` and `GET /events`: events as teams see them. */
import * as v from "valibot";
import { RunEvent, RunEventData } from "../events.ts";

const { sealed: _, ...data } = RunEventData.entries;

/** A run event without its sealed part: one JSON line, or the data of one server-sent event, whose `id` is the cursor. */
export const SeenEvent = v.object({
  ...RunEvent.entries,
  data: v.object(data),
  /**
   * What to give as `after`, or as `Last-Event-ID`, to go on behind this event: the stream's sequence, and for `/events`
   * one for each cluster (`prod:42,test:7`). Cursors of the one are not for the other.
   */
  cursor: v.string(),
});
export type SeenEvent = v.InferOutput<typeof SeenEvent>;
