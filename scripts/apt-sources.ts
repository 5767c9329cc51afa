/** Reads where this machine takes its Debian packages from, so that a script names no mirror of its own. */
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";

/** One archive as apt knows it: a mirror, the suites and the components taken from it. */
export interface AptSource {
  readonly uri: string;
  readonly suites: readonly string[];
  readonly components: readonly string[];
}

/** The enabled binary sources of `/etc/apt`, or of a directory made like it. A missing directory holds none. */
export async function readAptSources(directory = "/etc/apt"): Promise<AptSource[]> {
  const parts = path.join(directory, "sources.list.d");
  const names = (await readdir(parts).catch(() => [])).map((name) => path.join(parts, name));
  const found = await Promise.all([path.join(directory, "sources.list"), ...names].map(readSourceFile));
  return found.flat();
}

/** apt itself looks at these two endings only. */
async function readSourceFile(file: string): Promise<AptSource[]> {
  const parse = file.endsWith(".sources") ? parseStanzas : file.endsWith(".list") ? parseLines : undefined;
  if (parse === undefined) return [];
  return parse(await readFile(file, "utf8").catch(() => ""));
}

/** `deb [options] uri suite component…`, one a line (sources.list(5)). */
export function parseLines(text: string): AptSource[] {
  return text.split("\n").flatMap((line) => {
    const match = /^\s*deb\s+(?:\[[^\]]*\]\s*)?(\S+)\s+([^#]*)/.exec(line);
    const [suite, ...components] = words(match?.[2]);
    return match?.[1] === undefined || suite === undefined ? [] : [{ uri: match[1], suites: [suite], components }];
  });
}

/** Stanzas of `Key: value` lines, a value going on in lines that begin with a blank (deb822). */
export function parseStanzas(text: string): AptSource[] {
  const lines = text.split("\n").filter((line) => !line.startsWith("#"));
  const stanzas = lines.join("\n").split(/\n\s*\n/);
  return stanzas.map(parseFields).flatMap((fields) => {
    const enabled = !/^(no|false|off|0|without|disable)$/i.test(fields.get("enabled") ?? "yes");
    if (!enabled || !words(fields.get("types")).includes("deb")) return [];
    const [suites, components] = [words(fields.get("suites")), words(fields.get("components"))];
    return words(fields.get("uris")).map((uri) => ({ uri, suites, components }));
  });
}

function parseFields(stanza: string): Map<string, string> {
  const fields = stanza.replace(/\n[ \t]+/g, " ").split("\n");
  return new Map(
    fields.flatMap((field) => {
      const match = /^([A-Za-z-]+):\s*(.*)$/.exec(field);
      return match === null ? [] : [[(match[1] ?? "").toLowerCase(), match[2] ?? ""] as const];
    }),
  );
}

function words(text = ""): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}
