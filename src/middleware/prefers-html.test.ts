import { expect, test } from "vitest";
import { prefersHtml } from "./prefers-html.ts";

test.for<[accept: string | undefined, page: boolean]>([
  ["text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8", true],
  ["text/html", true],
  ["TEXT/HTML; charset=utf-8", true],
  ["text/html, application/json", true],
  ["application/json;q=0.9, text/html", true],
  ["text/html;q=0.5, */*", true],
  [undefined, false],
  ["", false],
  ["*/*", false],
  ["text/*", false],
  ["application/json", false],
  ["application/json, text/html", false],
  ["application/json, text/html;q=0.9, */*", false],
  ["text/event-stream", false],
  ["text/event-stream, text/html", false],
  ["text/html;q=0", false],
  ["text/html;q=2", false],
  ["text/htmlx", false],
])("%j prefers a page: %s", ([accept, page]) => {
  expect(prefersHtml(accept)).toBe(page);
});
