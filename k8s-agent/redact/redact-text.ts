/** Redaction of what is short and whole: error texts, warnings, the data of events. */
import type { Patterns } from "./patterns.ts";
import { createRedactor } from "./redactor.ts";

/** Masks every secret in a text. Do it before cutting the text: half of a secret isn't found. */
export function redactText(text: string, patterns: Patterns): string {
  const redactor = createRedactor(patterns);
  const parts = [...redactor.push({ mark: "", bytes: Buffer.from(text) }), ...redactor.flush()];
  return Buffer.concat(parts.map((part) => part.text)).toString();
}
