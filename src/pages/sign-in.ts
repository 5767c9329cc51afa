/** `/sign-in` and `/sign-out`: a token for a session, and back. Only where tokens are configured. */
import { Hono, type Context } from "hono";
import { bodyLimit } from "hono/body-limit";
import { limits } from "../contract/limits.ts";
import { respondWithError } from "../errors.ts";
import type { Logger } from "../log.ts";
import { isFromOwnPage } from "../middleware/authenticate/loopback.ts";
import { clearSessionCookie, writeSessionCookie } from "../middleware/authenticate/session-cookie.ts";
import type { Sessions } from "../middleware/authenticate/sessions.ts";
import { h, type Element } from "./element.ts";
import { renderPage } from "./layout.ts";
import { respondWithPage } from "./page-headers.ts";
import { readReturnPath } from "./return-path.ts";

export interface SignInOptions {
  readonly sessions: Pick<Sessions, "begin">;
  readonly logger: Logger;
}

/** A token, and around it a form. */
const mostBytes = 2 * limits.bearerTokenBytes;

export function createSignIn({ sessions, logger }: SignInOptions): Hono {
  const routes = new Hono();

  routes.get("/sign-in", (c) => respondWithPage(c, renderSignIn({ to: readReturnPath(c.req.query("to")) })));

  const limit = bodyLimit({
    maxSize: mostBytes,
    onError: (c) => respondWithError(c, "RES-105", `Cannot sign in: the form is larger than ${mostBytes} bytes`),
  });
  routes.post("/sign-in", limit, async (c) => {
    if (!isFromOwnPage(c.req.raw)) return refuseForeign(c);
    const { token, to: given } = await c.req.parseBody();
    const to = readReturnPath(given);
    const begun = await sessions.begin(typeof token === "string" ? token.trim() : "");
    if (begun.kind === "begun") {
      writeSessionCookie(c, begun);
      logger.info({ kind: begun.caller.kind, until: begun.until.toISOString() }, "Somebody has signed in");
      return c.redirect(to, 303);
    }
    logger.warn({ reason: begun.reason }, "Refused to sign somebody in");
    const problem =
      begun.kind === "refused"
        ? "That is not a token that is known here, or it has ended."
        : "The token can't be checked just now: try again soon.";
    return respondWithPage(c, renderSignIn({ to, problem }), begun.kind === "refused" ? 401 : 503);
  });

  routes.post("/sign-out", (c) => {
    if (!isFromOwnPage(c.req.raw)) return refuseForeign(c);
    clearSessionCookie(c);
    return c.redirect("/sign-in", 303);
  });
  return routes;
}

function refuseForeign(c: Context): Response {
  return respondWithError(c, "RES-104", "Cannot take this request: a page of another site may have sent it");
}

function renderSignIn({ to, problem }: { to: string; problem?: string }): string {
  return renderPage({
    title: "Sign in",
    main: [
      h(
        "form",
        { class: "card sign-in", method: "post", action: "/sign-in" },
        h("h1", {}, "Sign in"),
        problem === undefined ? null : h("p", { class: "problem", id: "problem", role: "alert" }, problem),
        tokenField(problem !== undefined),
        h("input", { type: "hidden", name: "to", value: to }),
        h("button", { type: "submit", class: "primary" }, "Sign in"),
        h(
          "p",
          { class: "minor" },
          "With a token that may read runs. It isn't kept: this browser is given a session of at most 12 hours.",
        ),
      ),
    ],
  });
}

function tokenField(hasProblem: boolean): Element {
  const state: Record<string, string> = hasProblem ? { "aria-invalid": "true", "aria-describedby": "problem" } : {};
  const input = {
    id: "token",
    name: "token",
    type: "password",
    required: true,
    autofocus: true,
    autocomplete: "off",
    spellcheck: "false",
  };
  return h("div", { class: "field" }, h("label", { for: "token" }, "Token"), h("input", { ...input, ...state }));
}
