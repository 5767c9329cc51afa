/**
 * The pages: `/`, `/runs` and `/runs/<id>` for browsers. Whoever doesn't ask for HTML is let on to the routes behind, which
 * answer in JSON.
 */
import { Hono, type Context, type MiddlewareHandler } from "hono";
import * as v from "valibot";
import type { Bus } from "../bus/port.ts";
import { RunId } from "../contract/names.ts";
import { respondWithError } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { Sessions } from "../middleware/authenticate/sessions.ts";
import { prefersHtml } from "../middleware/prefers-html.ts";
import { describeRun } from "../runs/describe-run.ts";
import { findRun, type FoundRun } from "../runs/find-run.ts";
import type { Viewer } from "../runs/viewer.ts";
import { serveAsset } from "./assets.ts";
import { comeAgain } from "./come-again.ts";
import { showErrorsAsPages } from "./error-page.ts";
import { renderPage, type Page } from "./layout.ts";
import { buildListPage } from "./list-page.ts";
import { respondWithPage } from "./page-headers.ts";
import { requireSignIn } from "./require-sign-in.ts";
import { buildRunPage } from "./run-page.ts";
import { createSignIn } from "./sign-in.ts";
import { formatUtc, type Moment } from "./view/moment.ts";

export interface PagesOptions {
  readonly bus: Pick<Bus, "events" | "logs" | "agents">;
  /** Says who the caller is. */
  readonly authenticate: MiddlewareHandler;
  /** Lets in who may read. */
  readonly requireRead: MiddlewareHandler;
  /** What the caller of a request may see. */
  readonly viewerOf: (c: Context) => Viewer;
  readonly mayCancel: (c: Context) => boolean;
  /** Who is signed in by a session; undefined where nobody is. */
  readonly signedInAs: (c: Context) => string | undefined;
  /** Left out where everybody is let in. */
  readonly sessions?: Pick<Sessions, "begin"> | undefined;
  readonly logger: Logger;
  readonly now: () => Date;
}

export function createPages(options: PagesOptions): Hono {
  const { bus, viewerOf, mayCancel, signedInAs, now } = options;
  const pages = new Hono();
  const showErrors = showErrorsAsPages(signedInAs);
  const momentNow = (): Moment => ({ now: now().getTime(), formatTime: formatUtc });
  const respond = (c: Context, page: Page) => respondWithPage(c, renderPage({ ...page, signedInAs: signedInAs(c) }));

  async function showRun(c: Context, run: FoundRun): Promise<Page | undefined> {
    const { signal } = c.req.raw;
    const isWaiting = async () => (await bus.agents.list(run.address.cluster)).length === 0;
    const details = await describeRun(run, { events: bus.events, isWaiting, signal });
    return details && buildRunPage(run, { bus, details, mayCancel: mayCancel(c), moment: momentNow(), signal });
  }

  pages.get("/assets/:name", serveAsset);
  for (const path of ["/", "/runs", "/runs/:id"]) pages.use(path, varyByAccept);
  for (const path of ["/", "/runs", "/runs/:id", "/runs/:id/cancel"]) pages.use(path, onlyForPages(showErrors));
  for (const path of ["/", "/runs", "/runs/:id"]) pages.use(path, onlyForPages(comeAgain));
  if (options.sessions !== undefined) {
    for (const path of ["/sign-in", "/sign-out"]) pages.use(path, showErrors);
    pages.route("/", createSignIn({ sessions: options.sessions, logger: options.logger }));
    for (const path of ["/", "/runs/*"]) pages.use(path, onlyForPages(requireSignIn));
  }
  for (const path of ["/", "/runs/*"]) pages.use(path, onlyForPages(options.authenticate));
  for (const path of ["/", "/runs"])
    pages.get(path, onlyForPages(options.requireRead), async (c, next) => {
      if (!wantsPage(c)) return next();
      const page = await buildListPage(c, { bus, viewer: viewerOf(c), moment: momentNow() });
      return page.ok ? respond(c, page.value) : respondWithError(c, "RES-100", `Cannot list runs: ${page.problem}`);
    });

  pages.get("/runs/:id", onlyForPages(options.requireRead), async (c, next) => {
    const id = c.req.param("id");
    if (!wantsPage(c) || !v.is(RunId, id)) return next();
    const run = await findRun(id, { events: bus.events, viewer: viewerOf(c) });
    const page = run && (await showRun(c, run));
    return page === undefined ? next() : respond(c, page);
  });

  // A form leads back to the run, whose page says what came of it.
  pages.post("/runs/:id/cancel", async (c, next) => {
    await next();
    if (!wantsPage(c) || (c.res.status !== 202 && c.res.status !== 409)) return;
    c.res = undefined;
    c.res = new Response(null, { status: 303, headers: { Location: `/runs/${c.req.param("id")}` } });
  });
  return pages;
}

function wantsPage(c: Context): boolean {
  return prefersHtml(c.req.header("Accept"));
}

function onlyForPages(handler: MiddlewareHandler): MiddlewareHandler {
  return async (c, next) => (wantsPage(c) ? handler(c, next) : next());
}

/** A cache must not give the page to who wants JSON. */
const varyByAccept: MiddlewareHandler = async (c, next) => {
  await next();
  if (!/\baccept\b/i.test(c.res.headers.get("Vary") ?? "")) c.res.headers.append("Vary", "Accept");
};
