/**
 * What was asked and answered, as text that is the same wherever the same thing happened: names, times and ids are made up
 * anew for each front door, and stand for themselves here.
 */
import { createHash } from "node:crypto";
import type { HttpAnswer } from "../support/http.ts";

/** What was sent. A list is a body in chunks. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | readonly string[];
}

export interface Ledger {
  /** What comes next belongs to this story. */
  begin(story: string): void;
  note(request: Asked, answer: HttpAnswer): void;
  /** One text for each story. */
  readonly stories: ReadonlyMap<string, string>;
}

/** Longer bodies are told apart by their hash. */
const mostCharacters = 2000;

/** Deno compresses answers, and says so. */
function describeHeader(name: string, value: string): string {
  if (name !== "vary") return `${name}: ${value}`;
  const ours = value.split(/, */).filter((field) => !/^accept-encoding$/i.test(field));
  return ours.length === 0 ? "" : `vary: ${ours.join(", ")}`;
}

export function createLedger(ownHeaders: readonly string[]): Ledger {
  const stories = new Map<string, string>();
  const names = new Map<string, string>();
  let current = "";

  /** The same name for the same thing: `<run 2>` is the second run that the ledger has seen. */
  function name(kind: string, value: string): string {
    const known = names.get(value);
    if (known !== undefined) return known;
    const count = [...names.values()].filter((each) => each.startsWith(`<${kind} `)).length;
    const given = `<${kind} ${count + 1}>`;
    names.set(value, given);
    return given;
  }

  function normalize(text: string): string {
    return (
      text
        .replaceAll(/\b[0-9a-f]{40}\b/g, (guresid) => name("resource", guresid))
        .replaceAll(/\b01[0-9a-hjkmnp-tv-z]{24}\b/g, (runId) => name("run", runId))
        .replaceAll(/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, "<request>")
        .replaceAll(/\b\d{4}-\d\d-\d\dT[\d:.]+Z/g, "<time>")
        .replaceAll(/"cursor":"[\w:,-]+"|^id: [\w:,-]+$/gm, "<cursor>")
        // An agent tells its own events apart by a part that it makes up; how far it has come is a matter of time.
        .replaceAll(/"id":"(<run \d+>)\.\w+\.(\d+)"/g, '"id":"$1.<agent>.$2"')
        .replaceAll(
          /^\{"id":"<run (\d+)>","status":"(accepted|starting|running)"\}$/gm,
          '{"id":"<run $1>","status":"<live>"}',
        )
        .replaceAll(/("|&quot;)milliseconds\1:\d+/g, '"milliseconds":"<duration>"')
        // Pages: times for people, bars of phases, what their script goes on from, and sessions, which are sealed anew.
        .replaceAll(/\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/g, "<time>")
        .replaceAll(/\b\d+(\.\d)? (ms|s|min)\b( \d+ s\b)?/g, "<duration>")
        .replaceAll(/(<rect class="[\w -]+") [^>]*>/g, "$1>")
        .replaceAll(/&quot;now&quot;:\d+|&quot;after&quot;:&quot;[\w:,-]*&quot;/g, "<live>")
        .replaceAll(/container-driver-session=[\w.-]+/g, "<session>")
        .replaceAll(/Expires=[^;]+/g, "Expires=<time>")
    );
  }

  function cut(text: string): string {
    if (text.length <= mostCharacters) return text;
    const hash = createHash("sha256").update(text).digest("hex").slice(0, 16);
    return `${text.slice(0, 200)}… ${text.length} characters, ${hash}`;
  }

  function describeBody(body: Asked["body"] = ""): string {
    return typeof body === "string" ? cut(body) : body.map(cut).join(" | ");
  }

  function add(text: string): void {
    stories.set(current, `${stories.get(current) ?? ""}${normalize(text)}\n`);
  }

  return {
    stories,
    begin: (story) => (current = story),
    note({ method, path, headers, body }, { status, headers: answered, text }) {
      const { Authorization: _, ...shown } = headers;
      const asked = [`${method} ${path}`, ...Object.entries(shown).map((pair) => pair.join(": ")), describeBody(body)];
      const told = Object.entries(answered).filter(([header]) => !ownHeaders.includes(header));
      const lines = told.map(([header, value]) => describeHeader(header, String(value))).sort();
      add([...asked, `→ ${status}`, ...lines, cut(normalize(text))].filter((line) => line !== "").join("\n"));
    },
  };
}
