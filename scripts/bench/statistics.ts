/** What several rounds come to: never one figure alone, as machines are noisy. */
export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/** Throws when there are no values. */
export function computeSpread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  return { min: getQuantile(sorted, 0), median: getQuantile(sorted, 0.5), max: getQuantile(sorted, 1) };
}

export function computeMedian(values: readonly number[]): number {
  return computeSpread(values).median;
}

/** The value below which that share of them is, such as 0.99. Throws when there are none. */
export function computeQuantile(values: readonly number[], quantile: number): number {
  return getQuantile(
    values.toSorted((a, b) => a - b),
    quantile,
  );
}

/** Of sorted values; between two of them it is interpolated. */
function getQuantile(sorted: readonly number[], quantile: number): number {
  const place = (sorted.length - 1) * quantile;
  const low = sorted[Math.floor(place)];
  const high = sorted[Math.ceil(place)];
  if (low === undefined || high === undefined) throw new Error("Cannot compute a spread: there are no values");
  return low + (high - low) * (place - Math.floor(place));
}
