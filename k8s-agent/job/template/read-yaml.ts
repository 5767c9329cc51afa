/**
 * YAML as Kubernetes' own tools read it: version 1.1, so that `defaultMode: 0644` is octal and `<<` merges, but without the
 * kinds that only surprise (`22:22` is text, not 1342). Aliases are weighed before they are resolved: a few hundred bytes
 * of them can stand for more values than there is memory.
 */
import { isAlias, isCollection, isPair, parseDocument, type Document, type Node } from "yaml";
import { describeLimit, limits } from "../../../src/contract/limits.ts";
import { refuse, succeed, type Result } from "../../../src/contract/result.ts";

/** By the tags' own names: numbers with colons, dates, bytes, and collections that JSON doesn't have. */
const unwanted = /:(timestamp|binary|set|omap|pairs)$/;

/** Levels of brackets: the parser recurses. */
const mostLevels = limits.jsonDepth;

/** Reads one document; the problem says what is wrong and where, and quotes nothing. */
export function readYaml(text: string): Result<unknown> {
  const depth = measureDepth(text);
  if (depth > mostLevels) return refuse(describeLimit("it", depth, mostLevels, "levels of brackets and indentation"));
  try {
    const document = parseDocument(text, {
      version: "1.1",
      prettyErrors: true,
      logLevel: "error",
      customTags: pickTags,
    });
    const [mistake] = document.errors;
    if (mistake !== undefined) return refuse(describeMistake(mistake));
    const weight = weigh(document.contents, { document, known: new Map() });
    if (weight === undefined) return refuse("an alias refers to what it stands in");
    if (weight > limits.podTemplateValues)
      return refuse(describeLimit("it, with its aliases resolved,", weight, limits.podTemplateValues, "values"));
    return succeed(document.toJS({ maxAliasCount: -1 }));
  } catch (error) {
    // The parser throws for an alias without its anchor, and the like.
    return refuse(`it is not YAML: ${error instanceof Error ? firstLine(error.message) : "it can't be read"}`);
  }
}

type Tags = Exclude<NonNullable<Exclude<Parameters<typeof parseDocument>[1], undefined>["customTags"]>, unknown[]>;

const pickTags: Tags = (tags) =>
  tags.filter((tag) => typeof tag === "string" || (!unwanted.test(tag.tag) && tag.format !== "TIME"));

interface Weighing {
  readonly document: Document;
  /** Undefined while it is being weighed. */
  readonly known: Map<Node, number | undefined>;
}

/** How many values a node is once its aliases are resolved; undefined when it holds itself. */
function weigh(node: unknown, weighing: Weighing): number | undefined {
  if (isPair(node)) return sum([node.key, node.value], weighing);
  if (isAlias(node)) {
    const target = node.resolve(weighing.document);
    return target === undefined ? 1 : weigh(target, weighing);
  }
  if (!isCollection(node)) return 1;
  if (weighing.known.has(node)) return weighing.known.get(node);
  weighing.known.set(node, undefined);
  const weight = sum(node.items, weighing);
  weighing.known.set(node, weight);
  return weight;
}

function sum(nodes: readonly unknown[], weighing: Weighing): number | undefined {
  let total = 1;
  for (const node of nodes) {
    const weight = weigh(node, weighing);
    if (weight === undefined) return undefined;
    total += weight;
  }
  return total;
}

/** More than there is of brackets at most: those in quotes count, too. And no line is indented deeper than its length. */
function measureDepth(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const character of text) {
    if (character === "[" || character === "{") deepest = Math.max(deepest, ++depth);
    else if ((character === "]" || character === "}") && depth > 0) depth--;
  }
  // `- - - -` opens a list with each hyphen.
  for (const [dashes] of text.matchAll(/^[ \t]*(?:[-?:][ \t]+)+/gm)) deepest = Math.max(deepest, dashes.length / 2);
  return Math.floor(deepest);
}

/** The parser's sentence and its place; the lines after it quote the text. */
function describeMistake({ message }: { readonly message: string }): string {
  return `it is not YAML: ${firstLine(message)}`;
}

function firstLine(message: string): string {
  return (message.split("\n")[0] ?? "").replace(/:$/, "").slice(0, 200);
}
