import type { Moment } from "../view/moment.ts";

const format = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

/** Says what time it is by the server's clock, which said `serverNow` when the page was made. */
export function createMoments(serverNow: number): () => Moment {
  const offset = serverNow - Date.now();
  return () => ({ now: Date.now() + offset, formatTime: (time) => format.format(time) });
}
