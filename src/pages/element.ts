/**
 * Elements of pages: hono/jsx, called by its function, as Node runs sources as they are and knows no JSX. The same element
 * becomes text on the server and a live one in the browser. Whatever is put into one is text: attributes are texts, numbers
 * and switches only, so that nothing can pass markup on.
 */
import { jsx } from "hono/jsx";

export type Element = ReturnType<typeof jsx>;
export type Child = Parameters<typeof jsx>[2];
export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** @example h("a", { href: "/" }, "Runs") */
export function h(tag: string, attributes: Attributes, ...children: Child[]): Element {
  return jsx(tag, { ...attributes }, ...children);
}

/** An element as HTML. */
export function renderElement(element: Element): string {
  const text = element.toString();
  if (typeof text === "string") return text;
  throw new Error("Cannot render a page: something in it is still to come");
}
