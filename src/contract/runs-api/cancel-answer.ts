/** `POST /runs/<id>/cancel`: the stop was asked for (202); it is done when the run has ended. */
import * as v from "valibot";
import { RunId } from "../names.ts";
import { RunStatus } from "./run-summary.ts";

export const CancelAnswer = v.object({ id: RunId, status: RunStatus });
export type CancelAnswer = v.InferOutput<typeof CancelAnswer>;
