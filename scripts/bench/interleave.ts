/** Rounds of A B A B …, so that what the machine does beside us hits all that is compared. */
import { computeMedian } from "./statistics.ts";

/** Figures of each variant, by name, a figure for each round. */
export type Figures<N extends string> = Readonly<Record<N, readonly number[]>>;

/** Measures every variant once in each round; the order turns from round to round, as the one before may still work. */
export async function interleave<N extends string>(
  rounds: number,
  variants: Readonly<Record<N, () => Promise<number>>>,
): Promise<Figures<N>> {
  const names = Object.keys(variants) as N[];
  const figures = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<N, number[]>;
  for (let round = 0; round < rounds; round++) {
    const turn = round % names.length;
    for (const name of [...names.slice(turn), ...names.slice(0, turn)]) figures[name].push(await variants[name]());
  }
  return figures;
}

/**
 * The same for what takes milliseconds: all variants once, then all of them again, `count` times a round. A round's figure is
 * the median of its times.
 */
export async function alternate<N extends string>(
  { rounds, count }: { rounds: number; count: number },
  variants: Readonly<Record<N, () => Promise<number>>>,
): Promise<Figures<N>> {
  const names = Object.keys(variants) as N[];
  const figures = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<N, number[]>;
  for (let round = 0; round < rounds; round++) {
    const times = await interleave(count, variants);
    for (const name of names) figures[name].push(computeMedian(times[name]));
  }
  return figures;
}
