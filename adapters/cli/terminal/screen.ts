/**
 * Where this program writes: what was asked for to standard output, everything about it to standard error, where a line
 * of progress moves as long as somebody is looking.
 */
import { stringifyJson } from "../../../src/contract/json.ts";
import { createPaint, wantsColour, type Paint } from "./colours.ts";

export interface Screen {
  /** JSON was asked for: standard output has nothing else. */
  readonly json: boolean;
  /** Whether standard output takes colours. */
  readonly colour: boolean;
  /** For standard output, and for standard error. */
  readonly paint: Paint;
  readonly paintNote: Paint;
  /** Columns of standard output; undefined where it isn't a terminal. */
  readonly width: number | undefined;
  /** To standard output, as it is. */
  write(text: string): void;
  print(line?: string): void;
  /** One line of JSON. */
  printJson(value: unknown): void;
  /** A line to standard error. */
  note(line: string): void;
  /** What is going on just now, asked again for each picture, on a terminal; undefined: nothing. */
  progress(describe: (() => string) | undefined): void;
}

export interface ScreenOptions {
  readonly json: boolean;
  readonly colour: boolean;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export function createScreen({ json, colour, stdout, stderr, environment }: ScreenOptions): Screen {
  const wants = (stream: NodeJS.WriteStream) => wantsColour({ option: colour, isTerminal: stream.isTTY, environment });
  const moves = stderr.isTTY && !json && environment["TERM"] !== "dumb";
  const spinner = createSpinner({ enabled: moves, write: (text) => void stderr.write(text) });
  // Other lines must not land behind the moving one.
  const to = (stream: NodeJS.WriteStream) => (text: string) => {
    spinner.hide();
    stream.write(text);
  };
  const write = to(stdout);
  const note = to(stderr);
  return {
    json,
    colour: wants(stdout),
    paint: createPaint(wants(stdout)),
    paintNote: createPaint(wants(stderr)),
    width: stdout.isTTY ? stdout.columns : undefined,
    write,
    print: (line = "") => write(`${line}\n`),
    printJson: (value) => write(`${escapeUnseen(stringifyJson(value))}\n`),
    note: (line) => note(`${line}\n`),
    progress: (describe) => spinner.show(describe, stderr.columns),
  };
}

/** JSON leaves these as they are, and terminals obey or hide some of them. */
function escapeUnseen(json: string): string {
  return json.replaceAll(
    /[\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const clearLine = "\r\x1b[K";

interface SpinnerOptions {
  readonly enabled: boolean;
  readonly write: (text: string) => void;
}

/** It comes back by itself with its next frame after it was hidden. */
function createSpinner({ enabled, write }: SpinnerOptions) {
  let describe: (() => string) | undefined;
  let timer: NodeJS.Timeout | undefined;
  let frame = 0;
  let visible = false;
  let most = 80;

  function hide(): void {
    if (visible) write(clearLine);
    visible = false;
  }

  function draw(): void {
    write(`${clearLine}${`${frames[frame++ % frames.length]} ${describe?.()}`.slice(0, most - 1)}`);
    visible = true;
  }

  return {
    hide,
    show(next: (() => string) | undefined, columns: number | undefined) {
      if (!enabled) return;
      describe = next;
      most = columns || 80;
      clearInterval(timer);
      if (describe === undefined) return hide();
      draw();
      timer = setInterval(draw, 100);
      // A forgotten one keeps no program alive.
      timer.unref();
    },
  };
}
