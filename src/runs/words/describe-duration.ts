/** Durations, as people read them. */

/** @example describeDuration(83_000) // "1 min 23 s" */
export function describeDuration(milliseconds: number): string {
  const lasted = Math.max(0, milliseconds);
  if (lasted < 100) return `${Math.round(lasted)} ms`;
  const seconds = lasted / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return joinUnits(minutes, "min", [whole % 60, "s"]);
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return joinUnits(hours, "h", [minutes % 60, "min"]);
  return joinUnits(Math.floor(hours / 24), "d", [hours % 24, "h"]);
}

function joinUnits(count: number, unit: string, [rest, restUnit]: [number, string]): string {
  return rest === 0 ? `${count} ${unit}` : `${count} ${unit} ${rest} ${restUnit}`;
}
