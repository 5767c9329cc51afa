/** What went wrong, as a page: the same words that programs get as JSON. */
import type { Context, MiddlewareHandler } from "hono";
import * as v from "valibot";
import { check } from "../contract/decode.ts";
import { DriverError } from "../contract/driver-api/answers.ts";
import { parseJson } from "../contract/json.ts";
import { h } from "./element.ts";
import { renderPage } from "./layout.ts";
import { buildPageResponse } from "./page-headers.ts";

const titles: Readonly<Record<number, string>> = {
  400: "That can't be shown",
  403: "Not allowed",
  404: "Not found",
  409: "Too late",
  503: "Not just now",
};

/**
 * Shows errors behind it as pages. It stands where somebody wants a page. `signedInAs`: whoever may not see something may want
 * to be somebody else.
 */
export function showErrorsAsPages(signedInAs: (c: Context) => string | undefined): MiddlewareHandler {
  return async (c, next) => {
    await next();
    const { res } = c;
    if (res.status < 400 || !(res.headers.get("Content-Type") ?? "").startsWith("application/json")) return;
    const html = renderErrorPage(res.status, { message: await readMessage(res), signedInAs: signedInAs(c) });
    c.res = undefined;
    c.res = buildPageResponse(html, res);
  };
}

async function readMessage(response: Response): Promise<string> {
  const parsed = parseJson(await response.text());
  const error = parsed.ok ? check(v.pick(DriverError, ["message"]), parsed.value) : parsed;
  return error.ok ? error.value.message : "Something went wrong.";
}

function renderErrorPage(
  status: number,
  { message, signedInAs }: { message: string; signedInAs: string | undefined },
): string {
  const title = titles[status] ?? "Something went wrong";
  const main = [h("h1", {}, title), h("p", {}, message), h("p", {}, h("a", { href: "/" }, "To the runs"))];
  return renderPage({ title, main, signedInAs });
}
