/** Colours for what this program itself says. */
import { styleText } from "node:util";

export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";
/** Puts text into a colour, or leaves it as it is. */
export type Paint = (style: Style, text: string) => string;

export function createPaint(colour: boolean): Paint {
  return (style, text) => (colour ? styleText(style, text, { validateStream: false }) : text);
}

export interface ColourWishes {
  /** False: `--no-color`. */
  readonly option: boolean;
  readonly isTerminal: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** `--no-color`, then NO_COLOR (any text but none, no-color.org), then FORCE_COLOR, then whether somebody is looking. */
export function wantsColour({ option, isTerminal, environment }: ColourWishes): boolean {
  if (!option || (environment["NO_COLOR"] ?? "") !== "") return false;
  const forced = environment["FORCE_COLOR"];
  if (forced !== undefined) return forced !== "0" && forced !== "false";
  return isTerminal && environment["TERM"] !== "dumb";
}
