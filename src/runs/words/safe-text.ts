/**
 * Text that others wrote, on its way to a terminal. Logs and names may hold sequences that move the cursor, rewrite what
 * was printed, set the window's title or answer as if somebody had typed. None of them gets through; colours may
 * (ECMA-48's SGR, without the hidden and blinking ones).
 */

export interface SafeTextOptions {
  /** Whether colours get through. */
  readonly colour: boolean;
}

/** Cleans text that comes in pieces, cut anywhere. */
export interface TextCleaner {
  /** What can be shown by now; the beginning of a sequence waits for the rest. */
  push(text: string): string;
  /** The rest, and the end of colours that were left on. */
  end(): string;
}

/** A whole text at once, such as a name: stays on one line. */
export function cleanLine(text: string): string {
  return cleanText(text, { colour: false }).replaceAll(/[\n\t]/g, " ");
}

/** A whole text at once, which may have several lines. */
export function cleanText(text: string, options: SafeTextOptions): string {
  const cleaner = createTextCleaner(options);
  return cleaner.push(text) + cleaner.end();
}

/** A sequence that isn't complete after this many characters isn't one. */
const longestSequence = 4096;

/** What no program writes in one sequence, and whoever draws it would have to go through. */
const mostParameters = 64;

export function createTextCleaner({ colour }: SafeTextOptions): TextCleaner {
  let waiting = "";
  let coloured = false;

  function clean(text: string): string {
    return text.replaceAll(unsafe, (found) => {
      const sgr = colour ? sgrSequence.exec(found) : null;
      if (sgr !== null) return keepColours(sgr[1] ?? "");
      return replace(found);
    });
  }

  function keepColours(parameters: string): string {
    const kept = dropHiding(parameters);
    if (kept === undefined) return "";
    coloured = !/^0*$/.test(kept);
    return `\x1b[${kept}m`;
  }

  return {
    push(text) {
      const all = waiting + text;
      const cut = findIncomplete(all);
      waiting = all.slice(cut);
      return clean(all.slice(0, cut));
    },
    end() {
      const rest = clean(waiting);
      waiting = "";
      const reset = coloured ? "\x1b[0m" : "";
      coloured = false;
      return rest + reset;
    },
  };
}

/** Introducers as two characters, and as the one that they are in 8-bit codes (C1). */
const csi = "(?:\\x1b\\[|\\x9b)[0-?]*[ -/]*[@-~]";
/** Operating system commands and other strings, up to their terminator on the same line, without another one inside. */
const stringStart = "(?:\\x1b[\\]PX^_]|[\\x90\\x98\\x9d-\\x9f])[^\\x07\\x1b\\x90\\x98\\x9c-\\x9f\\n]*";
const controlString = `${stringStart}(?:\\x07|\\x1b\\\\|\\x9c)`;
const shortEscape = "\\x1b[ -/]*[0-OQ-WYZ\\\\`-~]";
/** Without a newline: a progress bar writes over its line. Here each state is a line of its own. */
const lineEnd = "\\r+\\n?";
/** Controls but for tab and newline, and what turns the direction of writing around or can't be seen. */
const control = "[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u061c\\u200b\\u200e\\u200f\\u2028-\\u202e\\u2060-\\u2069\\ufeff]";
const unsafe = new RegExp([csi, controlString, shortEscape, lineEnd, control].join("|"), "g");
const sgrSequence = /^(?:\x1b\[|\x9b)([\d;:]*)m$/;
/** Without the look behind, a row of them that something follows would be tried from each one of them. */
const lineEndBegun = "(?<!\\r)\\r+";
const incomplete = new RegExp(`(?:${lineEndBegun}|\\x1b[ -/]*|(?:\\x1b\\[|\\x9b)[0-?]*[ -/]*|${stringStart}\\x1b?)$`);

function findIncomplete(text: string): number {
  const tail = text.slice(-longestSequence);
  const found = incomplete.exec(tail);
  // The very beginning of the tail: it has been going on for too long.
  if (found === null || (found.index === 0 && text.length > longestSequence)) return text.length;
  return text.length - tail.length + found.index;
}

/** Whole sequences vanish; single characters are shown for what they are. */
function replace(found: string): string {
  if (found.startsWith("\r")) return "\n";
  if (found.length > 1) return "";
  const code = found.charCodeAt(0);
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  if (code === 0x7f) return "\u2421";
  return `<U+${code.toString(16).toUpperCase().padStart(4, "0")}>`;
}

/** Parameters without 5, 6 (blinking) and 8 (hidden); undefined when nothing is left, or when there are too many. */
function dropHiding(parameters: string): string | undefined {
  if (parameters.split(/[;:]/).length > mostParameters) return undefined;
  const items = parameters.split(";");
  const kept: string[] = [];
  for (let i = 0; i < items.length; i++) {
    const item = items[i] ?? "";
    // 38, 48 and 58 take a colour: `5;n` or `2;r;g;b`.
    const taken = /^[345]8$/.test(item) ? (items[i + 1] === "5" ? 2 : items[i + 1] === "2" ? 4 : 0) : 0;
    if (!/^0*[568]$/.test(item)) kept.push(...items.slice(i, i + 1 + taken));
    i += taken;
  }
  return kept.length === 0 ? undefined : kept.join(";");
}
