/** Times, as people write them. */
import { refuse, succeed, type Result } from "../../../src/contract/result.ts";

const units: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A time as ISO 8601, or as long ago as `90s`, `10m`, `2h`, `3d`; to ISO 8601. */
export function parseSince(text: string, now: Date): Result<string> {
  const ago = /^(\d{1,9})([smhd])$/.exec(text);
  const unit = units[ago?.[2] ?? ""];
  const isTime = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?$/.test(text);
  const time =
    ago !== null && unit !== undefined ? now.getTime() - Number(ago[1]) * unit : isTime ? Date.parse(text) : NaN;
  const date = new Date(time);
  if (Number.isNaN(date.getTime()))
    return refuse(`${JSON.stringify(text)} is no time: give 90s, 10m, 2h, 3d or 2026-01-31T12:00:00Z`);
  return succeed(date.toISOString());
}
