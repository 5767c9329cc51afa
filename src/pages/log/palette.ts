/** Colours of terminals that have 256 or all of them, as the nearest of sixteen. */

/** Red, green and blue of the sixteen, as xterm has them. */
const palette: readonly (readonly [red: number, green: number, blue: number])[] = [
  [0, 0, 0],
  [205, 0, 0],
  [0, 205, 0],
  [205, 205, 0],
  [0, 0, 238],
  [205, 0, 205],
  [0, 205, 205],
  [229, 229, 229],
  [127, 127, 127],
  [255, 0, 0],
  [0, 255, 0],
  [255, 255, 0],
  [92, 92, 255],
  [255, 0, 255],
  [0, 255, 255],
  [255, 255, 255],
];

const cubeLevels = [0, 95, 135, 175, 215, 255] as const;

/** One number of the 256, or three; undefined where they are no colour. */
export function toPaletteColour(numbers: readonly number[]): number | undefined {
  if (numbers.some((number) => !Number.isInteger(number) || number < 0 || number > 255)) return undefined;
  const [first = 0, second, third] = numbers;
  if (numbers.length === 3) return findNearest([first, second ?? 0, third ?? 0]);
  if (numbers.length !== 1) return undefined;
  if (first < 16) return first;
  if (first < 232) return findNearest(readCube(first - 16));
  const grey = 8 + 10 * (first - 232);
  return findNearest([grey, grey, grey]);
}

function readCube(index: number): [number, number, number] {
  const level = (divisor: number) => cubeLevels[Math.floor(index / divisor) % 6] ?? 0;
  return [level(36), level(6), level(1)];
}

function findNearest([red, green, blue]: readonly [number, number, number]): number {
  let best = 0;
  let least = Infinity;
  for (const [index, [r, g, b]] of palette.entries()) {
    const distance = (r - red) ** 2 + (g - green) ** 2 + (b - blue) ** 2;
    if (distance < least) [best, least] = [index, distance];
  }
  return best;
}
