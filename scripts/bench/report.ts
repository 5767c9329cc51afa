/** What a section has measured, as data: for the terminal, for docs/benchmarks.md, and for the test. */
import { computeMedian, computeSpread, type Spread } from "./statistics.ts";

/** One comparison, or one figure that stands alone. */
export interface Row {
  readonly name: string;
  /** The figure: a ratio where there is something to compare with. */
  readonly spread: Spread;
  /** Of the figure; empty for a ratio. */
  readonly unit: string;
  /** What the ratio is of: medians, with their unit. */
  readonly of?: string;
  readonly aim?: Aim;
}

export interface Aim {
  readonly kind: "at least" | "at most";
  readonly value: number;
}

export interface SectionReport {
  readonly title: string;
  /** What is compared with what, and how to read it: Markdown. */
  readonly text: string;
  readonly rows: readonly Row[];
  /** The machine's load average over the five minutes before the section's end. */
  readonly load?: number;
}

/** What a section is given. */
export interface BenchOptions {
  /** Just to see that everything works: its figures mean little. */
  readonly quick: boolean;
  /** Says what is being done. */
  readonly say: (text: string) => void;
}

/** The ratio of each round's figures: of what was measured one behind the other. */
export function buildRatio(
  name: string,
  [ours, floor]: readonly [readonly number[], readonly number[]],
  { unit, aim }: { unit: string; aim?: Aim },
): Row {
  const ratios = ours.map((value, round) => value / (floor[round] ?? Number.NaN));
  const of = `${formatFigure(computeMedian(ours))} against ${formatFigure(computeMedian(floor))} ${unit}`;
  return { name, spread: computeSpread(ratios), unit: "", of, ...(aim === undefined ? {} : { aim }) };
}

/** Adds up the rounds of several figures. */
export function addFigures(...lists: readonly (readonly number[])[]): number[] {
  return (lists[0] ?? []).map((_, round) => lists.reduce((sum, list) => sum + (list[round] ?? Number.NaN), 0));
}

export function isMet({ spread, aim }: Row): boolean | undefined {
  if (aim === undefined) return undefined;
  return aim.kind === "at least" ? spread.median >= aim.value : spread.median <= aim.value;
}

/** Three digits that count. */
export function formatFigure(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString("en-GB");
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
