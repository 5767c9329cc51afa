/** Holds imports against a table of who may import whom. */
import { posix } from "node:path";
import type { Import } from "./find-imports.ts";

/** What the files of a folder may import, beside each other. Subfolders belong to it unless they have a row themselves. */
export interface Rule {
  /** Folders with rows of their own, single files, or a folder with everything below it: `src/**`. */
  readonly may?: readonly string[];
  /** Packages by name; `node:` and `@scope/` stand for all that begin like that. */
  readonly packages?: readonly string[];
}

/** Rules by folder, or by single file. `folder/*` is for the files that stand in it themselves, and for no subfolder. */
export type Rules = Readonly<Record<string, Rule>>;

const isTest = (file: string) => file.startsWith("test/") || /\.(test|fixture)\.ts$/.test(file);

/** One sentence for each import that breaks a rule. */
export function findBreaches(imports: readonly Import[], rules: Rules): string[] {
  return imports.flatMap((one) => {
    const rule = describeBreach(one, rules);
    return rule === undefined ? [] : [`${one.file}:${one.line} imports ${one.specifier}: ${rule}`];
  });
}

function describeBreach({ file, specifier }: Import, rules: Rules): string | undefined {
  if (!specifier.startsWith(".")) return isTest(file) ? undefined : describePackageBreach(file, specifier, rules);
  const target = posix.join(posix.dirname(file), specifier);
  if (!/\.(ts|json)$/.test(target)) return "imports carry .ts";
  if (target.endsWith(".test.ts")) return "nobody imports a test";
  if (isTest(file)) return undefined;
  if (target.endsWith(".fixture.ts")) return "fixtures are for tests";
  return describeFolderBreach(file, target, rules);
}

function describePackageBreach(file: string, specifier: string, rules: Rules): string | undefined {
  const folder = findFolder(file, rules);
  if (folder === undefined) return "its folder has no row in the table";
  const { packages = [] } = rules[folder] ?? {};
  const allowed = packages.some((name) =>
    /[:/]$/.test(name) ? specifier.startsWith(name) : specifier === name || specifier.startsWith(`${name}/`),
  );
  return allowed ? undefined : `${folder} may import the packages ${packages.join(", ") || "none"}`;
}

function describeFolderBreach(file: string, target: string, rules: Rules): string | undefined {
  const folder = findFolder(file, rules);
  if (folder === undefined) return "its folder has no row in the table";
  const other = findFolder(target, rules);
  const { may = [] } = rules[folder] ?? {};
  const allowed = may.some((name) =>
    name.endsWith("/**") ? target.startsWith(name.slice(0, -2)) : name === other || name === target,
  );
  return allowed || other === folder ? undefined : `${folder} may import ${may.join(", ") || "nothing else"}`;
}

/** The row that a file belongs to: one of its own, or that of the nearest folder above it. */
function findFolder(file: string, rules: Rules): string | undefined {
  const beside = `${posix.dirname(file)}/*`;
  if (!Object.hasOwn(rules, file) && Object.hasOwn(rules, beside)) return beside;
  for (let at = file; at !== "."; at = posix.dirname(at)) if (Object.hasOwn(rules, at)) return at;
  return undefined;
}

/** Circles of files that import each other, each as a path that ends where it begins. */
export function findCycles(imports: readonly Import[]): string[] {
  const targets = new Map<string, string[]>();
  for (const { file, specifier } of imports) {
    if (!specifier.startsWith(".")) continue;
    targets.set(file, [...(targets.get(file) ?? []), posix.join(posix.dirname(file), specifier)]);
  }
  const done = new Set<string>();
  const visit = (file: string, above: readonly string[]): string[] => {
    const begin = above.indexOf(file);
    if (begin >= 0) return [[...above.slice(begin), file].join(" -> ")];
    if (done.has(file)) return [];
    const found = (targets.get(file) ?? []).flatMap((next) => visit(next, [...above, file]));
    done.add(file);
    return found;
  };
  return [...targets.keys()].flatMap((file) => visit(file, []));
}
