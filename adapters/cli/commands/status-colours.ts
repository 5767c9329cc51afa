/** The colour that a run's status has everywhere. */
import type { Style } from "../terminal/colours.ts";

const colours: Readonly<Record<string, Style>> = { succeeded: "green", failed: "red", cancelled: "yellow" };

/** Undefined for what has not ended. */
export function colourOf(status: string): Style | undefined {
  return colours[status];
}
