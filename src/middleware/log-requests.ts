/** One line for each request: what was asked, what was answered, how long it took. Never a header or a body. */
import type { MiddlewareHandler } from "hono";
import type { RequestIdVariables } from "hono/request-id";
import { runHeader } from "../contract/driver-api/headers.ts";
import type { Logger } from "../log.ts";
import type { TraceVariables } from "./trace-requests.ts";

export function logRequests(
  logger: Logger,
  now: () => Date,
): MiddlewareHandler<{ Variables: RequestIdVariables & TraceVariables }> {
  return async (c, next) => {
    const begun = now().getTime();
    await next();
    const runId = c.res.headers.get(runHeader) ?? undefined;
    const fields = {
      component: "http",
      requestId: c.get("requestId"),
      method: c.req.method,
      path: c.req.path,
      status: c.res.status,
      runId,
      traceId: c.get("trace")?.traceId,
    };
    logger.info({ ...fields, milliseconds: now().getTime() - begun }, "Answered a request");
  };
}
