/** `/runs`, `/events` and `/clusters`: what teams are told of their runs, and how they stop one. Nothing is kept here. */
import { Hono, type Context, type MiddlewareHandler } from "hono";
import * as v from "valibot";
import type { Bus } from "../bus/port.ts";
import { RunId } from "../contract/names.ts";
import type { CancelAnswer } from "../contract/runs-api/cancel-answer.ts";
import { runListLimits } from "../contract/runs-api/run-summary.ts";
import { respondWithError } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { Cancel } from "./cancel.ts";
import { describeRun } from "./describe-run.ts";
import { findRun, type FoundRun } from "./find-run.ts";
import { listClusters } from "./list-clusters.ts";
import { listRuns } from "./list/list-runs.ts";
import { ListQuery, readQuery } from "./queries.ts";
import { createStreamResponses, type StreamObserver } from "./stream-responses.ts";
import type { Viewer } from "./viewer.ts";

export interface RunsRoutesOptions {
  readonly bus: Pick<Bus, "events" | "logs" | "agents">;
  /** Lets in who may read. */
  readonly requireRead: MiddlewareHandler;
  /** Lets in who may cancel. */
  readonly requireCancel: MiddlewareHandler;
  readonly cancel: Cancel;
  /** The name of the caller of a request, for whoever asks later who cancelled a run. */
  readonly nameOf: (c: Context) => string;
  /** What the caller of a request may see. */
  readonly viewerOf: (c: Context) => Viewer;
  readonly logger: Logger;
  readonly now: () => Date;
  /** When what a request was let in by ends, milliseconds since 1970. */
  readonly validUntil: (c: Context) => number | undefined;
  readonly observer?: StreamObserver | undefined;
}

export function createRunsRoutes(options: RunsRoutesOptions): Hono {
  const { bus, requireRead, requireCancel, viewerOf, nameOf, cancel } = options;
  const routes = new Hono();
  const streams = createStreamResponses(options);

  routes.get("/runs", requireRead, async (c) => {
    const query = readQuery(c, ListQuery);
    if (!query.ok) return respondWithError(c, "RES-100", `Cannot list runs: ${query.problem}`);
    const { limit = runListLimits.default, cursor, ...filter } = query.value;
    return c.json(await listRuns({ events: bus.events, viewer: viewerOf(c), filter, limit, cursor }));
  });

  routes.get("/runs/:id", requireRead, async (c) => {
    const run = await find(c);
    if (run instanceof Response) return run;
    const isWaiting = async () => (await bus.agents.list(run.address.cluster)).length === 0;
    const details = await describeRun(run, { events: bus.events, isWaiting, signal: c.req.raw.signal });
    return details === undefined ? respondUnknown(c) : c.json(details);
  });

  routes.get("/runs/:id/events", requireRead, async (c) => {
    const run = await find(c);
    return run instanceof Response ? run : streams.runEvents(c, run);
  });

  routes.get("/runs/:id/logs", requireRead, async (c) => {
    const run = await find(c);
    return run instanceof Response ? run : streams.runLog(c, run);
  });

  routes.get("/events", requireRead, (c) => streams.allEvents(c, viewerOf(c)));

  routes.get("/clusters", requireRead, async (c) => c.json(await listClusters(bus.agents, viewerOf(c))));

  routes.post("/runs/:id/cancel", requireCancel, async (c) => {
    const run = await find(c);
    if (run instanceof Response) return run;
    const outcome = await cancel.cancelRun(run.address, { by: nameOf(c) });
    const { runId: id } = run.address;
    switch (outcome.kind) {
      case "asked":
        return c.json({ id, status: outcome.status } satisfies CancelAnswer, 202);
      case "ended":
        return respondWithError(
          c,
          "RES-110",
          `Cannot cancel run ${id}: it has ${outcome.status === "cancelled" ? "been cancelled" : outcome.status} already`,
        );
      case "unknown":
        return respondUnknown(c);
    }
  });

  routes.all("/runs/:id/cancel", requireCancel, (c) => {
    c.header("Allow", "POST");
    return respondWithError(c, "RES-108", `Cannot ${c.req.method} this: POST is known here`);
  });

  for (const path of ["/runs", "/runs/:id", "/runs/:id/events", "/runs/:id/logs", "/events", "/clusters"])
    routes.all(path, requireRead, (c) => {
      c.header("Allow", "GET, HEAD");
      return respondWithError(c, "RES-108", `Cannot ${c.req.method} this: GET is known here`);
    });

  async function find(c: Context): Promise<FoundRun | Response> {
    const runId = c.req.param("id");
    // One that can't be a run's must not become part of a subject.
    if (!v.is(RunId, runId)) return respondUnknown(c);
    return (await findRun(runId, { events: bus.events, viewer: viewerOf(c) })) ?? respondUnknown(c);
  }

  return routes;
}

/** One that may not be seen is told apart from one that isn't there by nothing. */
function respondUnknown(c: Context): Response {
  return respondWithError(c, "RES-109", "There is no such run, or nothing is kept of it any more");
}
