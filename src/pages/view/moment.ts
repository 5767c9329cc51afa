/** Now, and how times are written: on the server in UTC, in the browser as its user has them. */
import { cleanLine } from "../../runs/words/safe-text.ts";
import { h, type Element } from "../element.ts";

export interface Moment {
  /** Milliseconds since 1970, by the server's clock. */
  readonly now: number;
  readonly formatTime: (time: Date) => string;
}

/** As the server writes it, who doesn't know where the reader is. */
export function formatUtc(time: Date): string {
  return `${time.toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** A time of an event, which may be anything that an agent wrote there. */
export function timeElement(iso: string, { formatTime }: Moment): Element {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return h("span", {}, cleanLine(iso));
  return h("time", { datetime: time.toISOString() }, formatTime(time));
}
