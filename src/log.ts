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

/** Writes one JSON line per entry; `write` is where it goes, `now` the clock. */
export function createConsoleLogger(write: (line: string) => void, now: () => Date, bound: LogFields = {}): Logger {
  const log = (level: string) => (fields: LogFields, sentence: string) =>
    write(JSON.stringify({ level, time: now().toISOString(), ...bound, ...describeFields(fields), msg: sentence }));
  return {
    debug: log("debug"),
    info: log("info"),
    warn: log("warn"),
    error: log("error"),
    child: (fields) => createConsoleLogger(write, now, { ...bound, ...fields }),
  };
}

function describeFields({ err, ...fields }: LogFields): LogFields {
  return err instanceof Error ? { ...fields, err: { type: err.name, message: err.message, stack: err.stack } } : fields;
}
