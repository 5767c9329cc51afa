/** What a run produced, for people: values as they are, secrets by their names unless they are asked for. */
import type { OutputData } from "../../../src/contract/driver-api/answers.ts";
import { stringifyJson, type JsonObject } from "../../../src/contract/json.ts";
import type { Screen } from "../terminal/screen.ts";
import { cleanLine, cleanText } from "../../../src/runs/words/safe-text.ts";

const mask = "********";

export function showOutputs(data: OutputData, screen: Screen, { showSecrets }: { showSecrets: boolean }): void {
  const { values, secrets } = data.resource;
  showGroup("values", toLines(values), screen);
  const masked = Object.keys(secrets).map((name) => [name, mask] as const);
  showGroup("secrets", showSecrets ? toLines(secrets) : masked, screen);
  const manifests = data.manifests.map(({ location, data }) => [location, toText(data)] as const);
  showGroup("manifests", manifests, screen);
  if (!showSecrets && masked.length > 0) screen.note(screen.paintNote("dim", "--show-secrets shows the secrets"));
}

/** The same for programs. */
export function toJsonOutputs(data: OutputData, { showSecrets }: { showSecrets: boolean }) {
  const { values, secrets } = data.resource;
  const shown = showSecrets ? { secrets } : {};
  return { values, secretNames: Object.keys(secrets), ...shown, manifests: data.manifests };
}

function showGroup(title: string, lines: readonly (readonly [string, string])[], screen: Screen): void {
  if (lines.length === 0) return;
  screen.print(screen.paint("bold", title));
  const width = Math.max(...lines.map(([name]) => cleanLine(name).length));
  for (const [name, text] of lines) screen.print(`  ${cleanLine(name).padEnd(width)}  ${text}`);
}

function toLines(outputs: JsonObject): [string, string][] {
  return Object.entries(outputs).map(([name, value]) => [name, toText(value)]);
}

/** Text as it is, anything else as JSON; lines after the first are indented, so that they can't pass for other outputs. */
function toText(value: unknown): string {
  const text = typeof value === "string" ? value : stringifyJson(value);
  return cleanText(text, { colour: false }).replaceAll("\n", "\n    ");
}
