/** The front door as one Hono app: the same on every runtime, given a bus, keys and a clock. */
import { Hono, type Context, type ErrorHandler, type MiddlewareHandler } from "hono";
import { requestId, type RequestIdVariables } from "hono/request-id";
import { BusUnavailable, MessageTooLarge, type Bus } from "./bus/port.ts";
import type { Catalog } from "./catalog/driver.ts";
import { createDocsRoutes } from "./docs/routes.ts";
import type { Clusters } from "./driver/clusters.ts";
import { createResources } from "./driver/resources.ts";
import { createDriverRoutes } from "./driver/routes.ts";
import { respondWithError } from "./errors.ts";
import type { Logger } from "./log.ts";
import { acceptSessions } from "./middleware/authenticate/accept-sessions.ts";
import {
  getCaller,
  getRights,
  getValidUntil,
  hasSession,
  requireDriver,
  requireRight,
} from "./middleware/authenticate/require-right.ts";
import { coversCluster, coversDriver, hasRight, noRights, type Rights } from "./middleware/authenticate/rights.ts";
import type { Sessions } from "./middleware/authenticate/sessions.ts";
import { getTrace, noteRun, traceRequests, type TraceVariables } from "./middleware/trace-requests.ts";
import { logRequests } from "./middleware/log-requests.ts";
import { observeRequests, type RequestObserver } from "./middleware/observe-requests.ts";
import { createPages } from "./pages/routes.ts";
import { createCancel } from "./runs/cancel.ts";
import { createRunsRoutes } from "./runs/routes.ts";
import type { StreamObserver } from "./runs/stream-responses.ts";
import type { Viewer } from "./runs/viewer.ts";
import { parseTrace } from "./contract/trace-context.ts";
import { RunSecretMissing, type FrontDoorKeys } from "./sealing/keys.ts";
import { describeRun, type Tracer } from "./tracer.ts";

export interface AppOptions {
  readonly bus: Bus;
  readonly catalog: Catalog;
  readonly clusters: Clusters;
  readonly keys: FrontDoorKeys;
  /** Asks for a token. */
  readonly authenticate: MiddlewareHandler;
  /** Of people who read pages; left out where everybody is let in. */
  readonly sessions?: Sessions | undefined;
  readonly logger: Logger;
  readonly now: () => Date;
  readonly version: string;
  /** What `Prefer: wait` counts as when a request has none, seconds. */
  readonly defaultWaitSeconds: number;
  readonly observer?: FrontDoorObserver | undefined;
  /** Left out: a request's trace is handed on, and nothing recorded. */
  readonly tracer?: Tracer | undefined;
}

/** Is told what the front door does, for metrics. */
export interface FrontDoorObserver extends RequestObserver, StreamObserver {}

export function createApp(options: AppOptions): Hono<{ Variables: RequestIdVariables & TraceVariables }> {
  const { bus, catalog, clusters, keys, authenticate, sessions, logger, now, version, defaultWaitSeconds, tracer } =
    options;
  const app = new Hono<{ Variables: RequestIdVariables & TraceVariables }>();
  app.use(requestId());
  app.use(traceRequests(now, tracer));
  app.use(logRequests(logger, now));
  if (options.observer) app.use(observeRequests(options.observer, now));
  app.get("/alive", (c) => c.text("alive"));
  app.get("/health", (c) => c.json({ status: "ok", version }));
  app.route("/docs", createDocsRoutes(catalog, version));

  const viewerOf = (c: Context): Viewer => describeViewer(getRights(c) ?? noRights, clusters.names);
  // Drivers' callers are programs: no browser's session counts there.
  const readersGate = sessions === undefined ? authenticate : acceptSessions({ sessions, authenticate, logger });
  app.route(
    "/",
    createPages({
      bus,
      authenticate: readersGate,
      requireRead: requireRight("read"),
      viewerOf,
      mayCancel: (c) => hasRight(getRights(c) ?? noRights, "cancel"),
      signedInAs: (c) => (hasSession(c) ? getCaller(c)?.name : undefined),
      sessions,
      logger: logger.child({ component: "pages" }),
      now,
    }),
  );
  for (const path of ["/runs/*", "/events", "/clusters"]) app.use(path, readersGate);
  app.use("/drivers/*", authenticate, requireRight("drive"));
  app.use("/drivers/:driver/*", requireDriver);
  const resources = createResources({
    bus,
    keys,
    clusters,
    logger: logger.child({ component: "driver" }),
    now,
    tracer,
  });
  app.route(
    "/drivers",
    createDriverRoutes({
      catalog,
      resources,
      now,
      defaultWaitSeconds,
      mayUse: (c, cluster) => coversCluster(getRights(c) ?? noRights, cluster),
      traceOf: getTrace,
      noteRun: (c, run) => noteRun(c, describeRun(run), parseTrace(run.traceparent)),
    }),
  );
  app.route(
    "/",
    createRunsRoutes({
      bus,
      requireRead: requireRight("read"),
      requireCancel: requireRight("cancel"),
      cancel: createCancel({ bus, keys, now }),
      nameOf: (c) => getCaller(c)?.name ?? "unknown",
      viewerOf,
      logger: logger.child({ component: "runs" }),
      now,
      validUntil: getValidUntil,
      observer: options.observer,
    }),
  );

  app.notFound((c) => respondWithError(c, "RES-106", "There is nothing at this path: see /docs/spec.json"));
  app.onError(answerErrors(logger));
  return app;
}

/** What somebody with these rights may see. */
function describeViewer(rights: Rights, clusters: readonly string[]): Viewer {
  return {
    clusters: clusters.filter((name) => coversCluster(rights, name)),
    seesDriver: (driver) => coversDriver(rights, driver),
  };
}

/** What a caller is told when a request has thrown, and what our log says of it. */
function answerErrors(logger: Logger): ErrorHandler<{ Variables: RequestIdVariables }> {
  return (error, c) => {
    const id = c.get("requestId");
    if (error instanceof BusUnavailable) {
      logger.warn({ requestId: id, err: error }, "The broker does not answer");
      c.header("Retry-After", "2");
      return respondWithError(c, "RES-151", "The broker does not answer: try again soon");
    }
    if (error instanceof RunSecretMissing) {
      logger.error({ requestId: id, err: error }, "A run secret is missing here");
      c.header("Retry-After", "5");
      return respondWithError(c, "RES-153", `Cannot answer for this resource: ${error.message}`);
    }
    // The broker takes less than our own limits suppose.
    if (error instanceof MessageTooLarge) return respondWithError(c, "RES-105", error.message);
    logger.error({ requestId: id, err: error }, "A request failed unexpectedly");
    return respondWithError(c, "RES-150", `Something went wrong here; the log has it under request ${id}`);
  };
}
