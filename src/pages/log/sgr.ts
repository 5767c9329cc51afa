/**
 * Colours and weights of terminals (ECMA-48's SGR) as classes of a style sheet. All colours come down to the sixteen of a
 * palette that can be read in light and in dark: a log can't write in colours that hide it.
 */
import { toPaletteColour } from "./palette.ts";

/** What text looks like from somewhere on. */
export interface Style {
  /** 0 to 15; left out: the page's own. */
  readonly foreground?: number;
  readonly background?: number;
  readonly marks: ReadonlySet<Mark>;
}

const marks = ["bold", "dim", "italic", "underline", "inverse", "strike"] as const;
export type Mark = (typeof marks)[number];

export const plainStyle: Style = { marks: new Set() };

/** What a sequence turns on and off; colours stand in ranges. */
const switches: Readonly<Record<number, { on?: Mark; off?: readonly Mark[] }>> = {
  1: { on: "bold" },
  2: { on: "dim" },
  3: { on: "italic" },
  4: { on: "underline" },
  7: { on: "inverse" },
  9: { on: "strike" },
  21: { on: "underline" },
  22: { off: ["bold", "dim"] },
  23: { off: ["italic"] },
  24: { off: ["underline"] },
  27: { off: ["inverse"] },
  29: { off: ["strike"] },
};

/** The parameters of the longest colour, `38;2;r;g;b`: what follows may be as much as a container likes. */
const mostOfColour = 5;

/** The style behind a sequence with these parameters, such as `1;31` or `38;5;208`. */
export function applySgr(style: Style, parameters: string): Style {
  const items = parameters.split(";");
  let next = style;
  for (let at = 0; at < items.length;) {
    const item = items[at] ?? "";
    const extended = readExtended(items.slice(at, at + mostOfColour));
    if (extended === undefined) {
      next = applyOne(next, item);
      at++;
    } else {
      next = setColour(next, extended.code, extended.colour);
      at += extended.taken;
    }
  }
  return next;
}

/** Classes of the style sheet, in a fixed order. */
export function listClasses({ foreground, background, marks: set }: Style): string {
  const classes: string[] = marks.filter((mark) => set.has(mark)).map((mark) => `sgr-${mark}`);
  if (foreground !== undefined) classes.push(`sgr-fg-${foreground}`);
  if (background !== undefined) classes.push(`sgr-bg-${background}`);
  return classes.join(" ");
}

function applyOne(style: Style, item: string): Style {
  // `4:3` is a curly line, and `4:0` none.
  if (/^4:\d/.test(item)) return withMarks(style, item === "4:0" ? { off: ["underline"] } : { on: "underline" });
  const code = item === "" ? 0 : Number(item);
  if (code === 0) return plainStyle;
  const switched = switches[code];
  if (switched !== undefined) return withMarks(style, switched);
  if (code === 39) return setColour(style, 38, undefined);
  if (code === 49) return setColour(style, 48, undefined);
  for (const [first, target, colour] of colourRanges)
    if (code >= first && code < first + 8) return setColour(style, target, colour + code - first);
  return style;
}

const colourRanges = [
  [30, 38, 0],
  [40, 48, 0],
  [90, 38, 8],
  [100, 48, 8],
] as const;

function withMarks(style: Style, { on, off = [] }: { on?: Mark; off?: readonly Mark[] }): Style {
  const set = new Set(style.marks);
  if (on !== undefined) set.add(on);
  for (const mark of off) set.delete(mark);
  return { ...style, marks: set };
}

/** 38 is the text's colour, 48 what is behind it; 58, that of a line under it, is none of ours. */
function setColour(style: Style, code: number, colour: number | undefined): Style {
  const key = code === 38 ? "foreground" : code === 48 ? "background" : undefined;
  if (key === undefined) return style;
  const { [key]: _, ...rest } = style;
  return colour === undefined ? rest : { ...rest, [key]: colour };
}

/** A colour of 256, or one of red, green and blue: `38;5;n`, `38;2;r;g;b`, and with colons in one item. */
function readExtended(
  items: readonly string[],
): { code: number; colour: number | undefined; taken: number } | undefined {
  const [first = ""] = items;
  const within = first.split(":");
  const [code = ""] = within;
  if (!/^[345]8$/.test(code)) return undefined;
  const parts = within.length > 1 ? within.slice(1) : items.slice(1);
  const kind = parts[0];
  // With colons there may be a colour space before red, green and blue.
  const skip = kind === "2" && within.length > 5 ? 2 : 1;
  const count = kind === "5" ? 1 : kind === "2" ? 3 : 0;
  const numbers = parts.slice(skip, skip + count).map(Number);
  const colour = numbers.length === count ? toPaletteColour(numbers) : undefined;
  return {
    code: Number(code),
    colour,
    taken: within.length > 1 ? 1 : Math.min(items.length, 1 + (count === 0 ? 0 : 1 + count)),
  };
}
