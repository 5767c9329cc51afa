/** Tells whoever counts of each request: by its route, never by its path, as that holds names without end. */
import type { MiddlewareHandler } from "hono";
import { routePath } from "hono/route";

export interface AnsweredRequest {
  /** The pattern that answered, such as `/runs/:id`; that of a middleware where one refused; `/*` where nothing is. */
  readonly route: string;
  /** In capitals; `other` where it is none that HTTP knows. */
  readonly method: string;
  readonly status: number;
  /** Until the answer begins: a stream goes on behind that. */
  readonly seconds: number;
}

export interface RequestObserver {
  requestAnswered(request: AnsweredRequest): void;
}

const methods = new Set(["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"]);

export function observeRequests(observer: RequestObserver, now: () => Date): MiddlewareHandler {
  return async (c, next) => {
    const begun = now().getTime();
    await next();
    observer.requestAnswered({
      route: routePath(c),
      method: methods.has(c.req.method) ? c.req.method : "other",
      status: c.res.status,
      seconds: Math.max(0, now().getTime() - begun) / 1000,
    });
  };
}
