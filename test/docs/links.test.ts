/** Every link of the docs to another place in them leads somewhere: to a file that is there, and to one of its headings. */
import { existsSync } from "node:fs";
import { glob, readFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { expect, test } from "vitest";

const root = resolve(import.meta.dirname, "../..");
const found = glob(["*.md", "{docs,examples}/**/*.md"], { cwd: root });
const pages = new Map<string, string>();
for await (const file of found) pages.set(file, withoutCode(await readFile(join(root, file), "utf8")));

/** What stands in code leads nowhere. */
function withoutCode(text: string): string {
  return text.replaceAll(/^( *)```[^]*?^\1```/gm, "");
}

/** The anchors of a page's headings, as GitHub makes them. */
function listAnchors(text: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading = ""] of text.matchAll(/^#{1,6} (.*)$/gm)) {
    const shown = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
    const slug = shown.replaceAll(/[^\p{L}\p{N}\p{M}_ -]/gu, "").replaceAll(" ", "-");
    let anchor = slug;
    for (let again = 1; anchors.has(anchor); again++) anchor = `${slug}-${again}`;
    anchors.add(anchor);
  }
  return anchors;
}

/** Links to other places than the web. */
function listLinks(text: string): string[] {
  const links = [...text.matchAll(/\]\(([^()\s]+)\)/g)].map(([, target = ""]) => target);
  return links.filter((target) => !/^[a-z]+:/.test(target));
}

/** What is wrong with a link; undefined: nothing. */
function findProblem(page: string, link: string): string | undefined {
  const [path = "", anchor] = link.split("#");
  const target = path === "" ? page : relative(root, resolve(root, dirname(page), path));
  if (!existsSync(join(root, target))) return `${page}: ${link} leads to no file`;
  if (anchor === undefined || listAnchors(pages.get(target) ?? "").has(anchor)) return undefined;
  return `${page}: ${link} leads to no heading`;
}

test("every relative link and anchor resolves", () => {
  const links = [...pages].flatMap(([page, text]) => listLinks(text).map((link) => [page, link] as const));
  expect(links.length).toBeGreaterThan(80);
  expect(links.map(([page, link]) => findProblem(page, link)).filter((problem) => problem !== undefined)).toEqual([]);
});

test("the README leads to every page of the docs", () => {
  const links = new Set(listLinks(pages.get("README.md") ?? ""));
  expect([...pages.keys()].filter((page) => page.startsWith("docs/") && !links.has(page))).toEqual([]);
});
