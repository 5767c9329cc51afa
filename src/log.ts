/**
 * Our own log, not what containers print. The interface is pino's, so that pino itself can be given; Workers and Deno get
 * `createConsoleLogger`, as pino's browser build loses fields there.
 */
export type LogFields = Readonly<Record<string, unknown>>;

export interface Logger {
  debug(fields: LogFields, sentence: string): void;
  info(fields: LogFields, sentence: string): void;
  warn(fields: LogFields, sentence: string): void;
  error(fields: LogFields, sentence: string): void;
  /** A logger that adds these fields to every line. */
  child(fields: LogFields): Logger;
}

const levels = ["debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof levels)[number];

export interface ConsoleLoggerOptions {
  /** Where a line goes. */
  readonly write: (line: string) => void;
  readonly now: () => Date;
  /** The least level that is written. */
  readonly level: LogLevel;
}

/** Writes one JSON line per entry, with the keys that pino has. */
export function createConsoleLogger(options: ConsoleLoggerOptions, bound: LogFields = {}): Logger {
  const { write, now, level: least } = options;
  const log = (level: Exclude<LogLevel, "silent">) => (fields: LogFields, sentence: string) => {
    if (levels.indexOf(level) < levels.indexOf(least)) return;
    write(JSON.stringify({ level, time: now().toISOString(), ...bound, ...describeFields(fields), msg: sentence }));
  };
  return {
    debug: log("debug"),
    info: log("info"),
    warn: log("warn"),
    error: log("error"),
    child: (fields) => createConsoleLogger(options, { ...bound, ...fields }),
  };
}

function describeFields(fields: LogFields): LogFields {
  const { err } = fields;
  return err instanceof Error ? { ...fields, err: { type: err.name, message: err.message, stack: err.stack } } : fields;
}
