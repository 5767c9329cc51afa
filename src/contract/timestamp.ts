/** Times, as they travel: ISO 8601, to the second or finer, with a zone. */
import * as v from "valibot";

const words = "must be a time such as 2027-01-15T08:00:00Z";

/** The form allows more than `Date` reads, such as `+01` for a zone: that would be no time to whoever counts with it. */
export const Timestamp = v.pipe(v.string(), v.isoTimestamp(words), v.check(isTime, words));

function isTime(text: string): boolean {
  return Number.isFinite(Date.parse(text)) && isDay(text.slice(0, 10));
}

/** The thirty-first of February is read as the third of March. */
function isDay(text: string): boolean {
  const [year = NaN, month = NaN, day] = text.split("-").map(Number);
  return new Date(Date.UTC(year, month - 1, day)).getUTCDate() === day;
}
