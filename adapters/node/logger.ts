/** pino for programs on Node: JSON lines on standard error, so that standard output stays for what people asked for. */
import { pino } from "pino";
import type { Logger } from "../../src/log.ts";

/** Fields that never leave the process, whoever puts them in. A second line of defence: nobody should. */
const redacted = [
  "headers",
  "authorization",
  "*.authorization",
  "secrets",
  "*.secrets",
  "password",
  "*.password",
  "token",
  "*.token",
];

export function createLogger(level: string): Logger {
  return pino({ level, redact: redacted, base: null }, pino.destination({ fd: 2, sync: true }));
}
