/** A line of a log, cleaned and with nothing but colours left in it, in pieces that look alike. */
import { applySgr, listClasses, type Style } from "./sgr.ts";

export interface StyledPiece {
  readonly text: string;
  /** Classes of the style sheet; empty: as the page is. */
  readonly classes: string;
}

const sequence = /\x1b\[([\d;:]*)m/g;

/** The line's pieces, and the style that the next line begins with. */
export function styleLine(line: string, style: Style): { pieces: StyledPiece[]; style: Style } {
  const pieces: StyledPiece[] = [];
  let current = style;
  let at = 0;
  const take = (text: string) => {
    if (text !== "") pieces.push({ text, classes: listClasses(current) });
  };
  for (const found of line.matchAll(sequence)) {
    take(line.slice(at, found.index));
    current = applySgr(current, found[1] ?? "");
    at = found.index + found[0].length;
  }
  take(line.slice(at));
  return { pieces, style: current };
}

/** The text alone. */
export function stripColours(text: string): string {
  return text.includes("\x1b") ? text.replaceAll(sequence, "") : text;
}

/** The parameters of each colour in a text. */
export function sequencesIn(text: string): string[] {
  return [...text.matchAll(sequence)].map(([, parameters = ""]) => parameters);
}
