/** Finds what a TypeScript file imports, without a compiler: our files are formatted, so statements begin a line. */

export interface Import {
  /** From the root of the project, with forward slashes. */
  readonly file: string;
  readonly line: number;
  /** As it is written. */
  readonly specifier: string;
}

const quoted = String.raw`["']([^"'\n]+)["']`;
const forms = [
  // import "x" · import a, { b } from "x" · import type { c } from "x"
  String.raw`^import\s+(?:[\w$*{},\s]+?\s+from\s+)?${quoted}`,
  // export * from "x" · export { a } from "x" · export type { b } from "x"
  String.raw`^export\s+(?:type\s+)?(?:\*(?:\s+as\s+[\w$]+)?|\{[^}]*\})\s+from\s+${quoted}`,
  // import("x"), be it a value's or a type's
  String.raw`\bimport\(\s*${quoted}`,
];

export function findImports(file: string, text: string): Import[] {
  return forms
    .flatMap((form) => [...text.matchAll(new RegExp(form, "gm"))])
    .map((match) => ({ file, line: countLines(text, match.index), specifier: match[1] ?? "" }))
    .sort((a, b) => a.line - b.line);
}

/** The number of the line at an index, from 1. */
function countLines(text: string, index: number): number {
  return text.slice(0, index).split("\n").length;
}
