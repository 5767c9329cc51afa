/**
 * YAML as Kubernetes' own tools read it: version 1.1, so that `defaultMode: 0644` is octal and `<<` merges, but without the
 * kinds that only surprise (`22:22` is text, not 1342). Whoever can send a request must not keep the agent busy with it:
 *
 * - aliases are counted before they are resolved, as each costs a walk through the document, and weighed, as a few hundred
 *   bytes of them can stand for more values than there is memory;
 * - keys are compared here, as the parser holds each of them against each other one.
 */
import {
  isAlias,
  isCollection,
  isMap,
  isPair,
  isScalar,
  Lexer,
  LineCounter,
  parseDocument,
  type Document,
  type Node,
  type YAMLMap,
} from "yaml";
import { describeLimit, limits } from "../../../src/contract/limits.ts";
import { refuse, succeed, type Result } from "../../../src/contract/result.ts";

/** By the tags' own names: numbers with colons, dates, bytes, and collections that JSON doesn't have. */
const unwanted = /:(timestamp|binary|set|omap|pairs)$/;

/** Levels of brackets: the parser recurses. */
const mostLevels = limits.jsonDepth;

/** Kubernetes' own templates have a handful. */
const mostAliases = 100;

/** Reads one document; the problem says what is wrong and where, and quotes nothing. */
export function readYaml(text: string): Result<unknown> {
  const depth = measureDepth(text);
  if (depth > mostLevels) return refuse(describeLimit("it", depth, mostLevels, "levels of brackets and indentation"));
  const aliases = countAliases(text);
  if (aliases > mostAliases) return refuse(describeLimit("it", aliases, mostAliases, "aliases"));
  const lineCounter = new LineCounter();
  try {
    const document = parseDocument(text, {
      lineCounter,
      uniqueKeys: false,
      version: "1.1",
      prettyErrors: true,
      logLevel: "error",
      customTags: pickTags,
    });
    const [mistake] = document.errors;
    if (mistake !== undefined) return refuse(describeMistake(mistake));
    const twice: number[] = [];
    const weight = weigh(document.contents, { document, known: new Map(), twice });
    if (weight === undefined) return refuse("an alias refers to what it stands in");
    if (weight > limits.podTemplateValues)
      return refuse(describeLimit("it, with its aliases resolved,", weight, limits.podTemplateValues, "values"));
    if (twice[0] !== undefined)
      return refuse(`it is not YAML: a key is there twice ${describePlace(twice[0], lineCounter)}`);
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
  /** Where keys are that their map has already. */
  readonly twice: number[];
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
  if (isMap(node)) weighing.twice.push(...findTwice(node));
  const weight = sum(node.items, weighing);
  weighing.known.set(node, weight);
  return weight;
}

function findTwice({ items }: YAMLMap): number[] {
  const seen = new Set<unknown>();
  return items.flatMap(({ key }) => {
    if (!isScalar(key)) return [];
    // All of them become texts.
    const name = String(key.value);
    if (seen.has(name)) return [key.range?.[0] ?? 0];
    seen.add(name);
    return [];
  });
}

function describePlace(offset: number, lineCounter: LineCounter): string {
  const { line, col } = lineCounter.linePos(offset);
  return `at line ${line}, column ${col}`;
}

/** Without parsing: in the parser's own pieces of text, an alias begins with an asterisk. */
function countAliases(text: string): number {
  let aliases = 0;
  // What a scalar holds comes after a piece that announces it, and may begin with one, too.
  let announced = false;
  for (const piece of new Lexer().lex(text)) {
    if (!announced && piece.startsWith("*")) aliases++;
    announced = piece === scalarMark;
  }
  return aliases;
}
/** The lexer's piece before the text of a scalar. */
const scalarMark = "\u001f";

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
