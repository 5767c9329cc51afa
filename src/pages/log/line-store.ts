/**
 * A log's lines, as many as a million of them: kept as the text that they came in, with where each begins. What they look
 * like is worked out when they are shown.
 */
import { limits } from "../../contract/limits.ts";
import { applySgr, plainStyle, type Style } from "./sgr.ts";
import { sequencesIn, stripColours, styleLine, type StyledPiece } from "./style-line.ts";

export interface LineStore {
  /** Text, cleaned but for colours, cut anywhere. */
  append(text: string): void;
  /** How many lines there are; one that has begun counts. */
  count(): number;
  /** Lines from an index on, at most so many. */
  read(from: number, most: number): StoredLine[];
  /** Columns of a line, colours left out. */
  width(index: number): number;
  /** Calls back with each line's text, from an index on, until that says to stop; answers where it stopped. */
  scan(from: number, visit: (block: ScannedBlock) => boolean): number;
}

export interface StoredLine {
  readonly index: number;
  readonly pieces: readonly StyledPiece[];
}

/** Many lines as one text, for search. */
export interface ScannedBlock {
  readonly text: string;
  /** Where each line begins in it. */
  readonly starts: readonly number[];
  /** The index of its first line. */
  readonly first: number;
}

interface Block {
  text: string;
  readonly starts: number[];
  readonly first: number;
  /** At its beginning. */
  readonly style: Style;
}

/** Small chunks are put together up to this size, characters. */
const blockCharacters = 64 * 1024;

export function createLineStore(): LineStore {
  const blocks: Block[] = [];
  let complete = 0;
  let rest = "";
  let endStyle = plainStyle;

  function addLines(text: string): void {
    let block = blocks.at(-1);
    if (block === undefined || block.text.length + text.length > blockCharacters) {
      block = { text: "", starts: [], first: complete, style: endStyle };
      blocks.push(block);
    }
    const offset = block.text.length;
    for (let at = 0; at < text.length; at = text.indexOf("\n", at) + 1) {
      block.starts.push(offset + at);
      complete++;
    }
    block.text += text;
    endStyle = styleBehind(text, endStyle);
  }

  /** The last block that begins at a line or before it. */
  function findBlock(index: number): number {
    let low = 0;
    let high = blocks.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((blocks[middle]?.first ?? Infinity) <= index) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  const count = () => complete + (rest === "" ? 0 : 1);

  /** The text of a line with its colours, and how it begins. */
  function locate(index: number): { text: string; style: () => Style } {
    if (index >= complete) return { text: index === complete ? rest : "", style: () => endStyle };
    const block = blocks[findBlock(index)];
    const start = block?.starts[index - block.first] ?? 0;
    if (block === undefined) return { text: "", style: () => plainStyle };
    return {
      text: block.text.slice(start, block.text.indexOf("\n", start)),
      style: () => styleBehind(block.text.slice(0, start), block.style),
    };
  }

  return {
    append(text) {
      const all = breakLongLines(rest + text);
      const end = all.lastIndexOf("\n") + 1;
      rest = all.slice(end);
      if (end > 0) addLines(all.slice(0, end));
    },
    count,
    read(from, most) {
      const lines: StoredLine[] = [];
      let style: Style | undefined;
      for (let index = Math.max(0, from); index < Math.min(count(), from + most); index++) {
        const line = locate(index);
        const styled = styleLine(line.text, style ?? line.style());
        style = styled.style;
        lines.push({ index, pieces: styled.pieces });
      }
      return lines;
    },
    width: (index) => stripColours(locate(index).text).length,
    scan(from, visit) {
      for (let at = findBlock(from); at < blocks.length; at++) {
        const block = blocks[at];
        if (block === undefined || block.first + block.starts.length <= from) continue;
        if (!visit(toScanned(block))) return block.first + block.starts.length;
      }
      if (rest !== "") visit({ text: stripColours(rest), starts: [0], first: complete });
      return complete;
    },
  };
}

/** What is longer is several lines: one that never ends would be gone through anew at each piece that comes. */
const longestLine = limits.logLineBytes;

function breakLongLines(text: string): string {
  if (text.length <= longestLine) return text;
  const lines: string[] = [];
  for (let at = 0; at <= text.length;) {
    const next = text.indexOf("\n", at);
    const end = next < 0 ? text.length : next;
    const to = end - at > longestLine ? findBreak(text, at) : end;
    lines.push(text.slice(at, to));
    at = to === end ? end + 1 : to;
  }
  return lines.join("\n");
}

/** Where a line from there on is broken: not within a colour or a character. */
function findBreak(text: string, from: number): number {
  const line = text.slice(from, from + longestLine);
  const begun =
    /\x1b(?:\[[\d;:]*)?$/.exec(line)?.index ?? (/[\ud800-\udbff]$/.test(line) ? line.length - 1 : line.length);
  return from + (begun === 0 ? line.length : begun);
}

function toScanned({ text, starts, first }: Block): ScannedBlock {
  const plain = stripColours(text);
  if (plain === text) return { text, starts, first };
  const own = starts.map(() => 0);
  for (let i = 1, at = 0; i < own.length; i++) {
    at = plain.indexOf("\n", at) + 1;
    own[i] = at;
  }
  return { text: plain, starts: own, first };
}

/** The style behind a text: nothing before the last reset counts. */
function styleBehind(text: string, before: Style): Style {
  if (!text.includes("\x1b")) return before;
  const reset = Math.max(text.lastIndexOf("\x1b[0m"), text.lastIndexOf("\x1b[m"));
  let style = reset < 0 ? before : plainStyle;
  for (const parameters of sequencesIn(reset < 0 ? text : text.slice(reset))) style = applySgr(style, parameters);
  return style;
}
