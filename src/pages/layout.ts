/** What all pages have around them. */
import { cleanLine } from "../runs/words/safe-text.ts";
import { assets } from "./assets.ts";
import { h, renderElement, type Child } from "./element.ts";

export interface Page {
  readonly title: string;
  readonly main: readonly Child[];
  /** What the script on it begins; left out: none is loaded. */
  readonly script?: "list" | "run" | undefined;
  /** Who is signed in, by a session that can be ended. */
  readonly signedInAs?: string | undefined;
  /** Where the browser goes at once. */
  readonly goOnTo?: string | undefined;
}

export function renderPage({ title, main, script, signedInAs, goOnTo }: Page): string {
  const head = h(
    "head",
    {},
    h("meta", { charset: "utf-8" }),
    h("meta", { name: "viewport", content: "width=device-width, initial-scale=1" }),
    h("meta", { name: "color-scheme", content: "light dark" }),
    goOnTo === undefined ? null : h("meta", { "http-equiv": "refresh", content: `0; url=${goOnTo}` }),
    h("title", {}, `${title} · Container Driver`),
    h("link", { rel: "icon", href: assets.icon.path, type: "image/svg+xml" }),
    h("link", { rel: "stylesheet", href: assets.style.path }),
    script === undefined ? null : h("script", { src: assets.script.path, type: "module" }),
  );
  const body = h(
    "body",
    script === undefined ? {} : { "data-page": script },
    h("a", { class: "skip", href: "#main" }, "Skip to content"),
    h(
      "header",
      { class: "top" },
      h("a", { class: "brand", href: "/" }, "Container Driver"),
      signedInAs === undefined ? null : signOut(signedInAs),
    ),
    h("main", { id: "main", tabindex: -1 }, ...main),
  );
  return `<!doctype html>${renderElement(h("html", { lang: "en" }, head, body))}`;
}

function signOut(name: string): Child {
  return h(
    "form",
    { method: "post", action: "/sign-out", class: "sign-out" },
    h("span", { class: "minor" }, cleanLine(name)),
    h("button", { type: "submit", class: "quiet" }, "Sign out"),
  );
}
