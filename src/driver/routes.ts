/** `PUT`, `DELETE` and `GET /drivers/<driver>/<guresid>`: checks a request and hands it to the resources. */
import { Hono, type Context } from "hono";
import type { Catalog, Driver } from "../catalog/driver.ts";
import { check, decodeMessage } from "../contract/decode.ts";
import { checkCookie, cookieHeader, parseWait } from "../contract/driver-api/headers.ts";
import { InputData } from "../contract/driver-api/input-data.ts";
import { limits } from "../contract/limits.ts";
import { GUResID } from "../contract/names.ts";
import type { ResourceAddress } from "../contract/run.ts";
import { respondWithError } from "../errors.ts";
import { respond } from "./answer.ts";
import { readBody, type ReadBody } from "./read-body.ts";
import type { Answer, Resources, Terms } from "./resources.ts";
import type { LastRun } from "./record.ts";
import type { TraceContext } from "../contract/trace-context.ts";

export interface DriverRoutesOptions {
  readonly catalog: Catalog;
  readonly resources: Resources;
  readonly now: () => Date;
  /** What `Prefer: wait` counts as when a request has none. */
  readonly defaultWaitSeconds: number;
  /** Whether the caller of a request may have to do with a cluster. */
  readonly mayUse: (c: Context, cluster: string) => boolean;
  /** The trace that a request belongs to. */
  readonly traceOf: (c: Context) => TraceContext | undefined;
  /** Is told which run an answer is about. */
  readonly noteRun: (c: Context, run: LastRun & ResourceAddress) => void;
}

type Addressed = { readonly driver: Driver; readonly address: ResourceAddress };

export function createDriverRoutes(options: DriverRoutesOptions): Hono {
  const { catalog, resources, now, defaultWaitSeconds } = options;
  const routes = new Hono();

  routes.put("/:driver/:guresid", async (c) => {
    const target = readTarget(c);
    if (target instanceof Response) return target;
    const body = await readBody(c, limits.requestBodyBytes);
    if (body.kind !== "read") return refuseBody(c, body);
    // Without the room that is kept for what we put around it on its way.
    const data = decodeMessage(InputData, body.bytes, limits.jsonDepth);
    if (!data.ok) return respondWithError(c, "RES-100", `Cannot read the request: ${data.problem}`);
    const wanted = target.driver.toWanted(data.value);
    if (!wanted.ok) return respondWithError(c, "RES-100", `Cannot start a run: ${wanted.problem}`);
    return answer(c, target.address, await resources.put(target.address, wanted.value, readTerms(c)));
  });

  routes.delete("/:driver/:guresid", async (c) => {
    const target = readTarget(c);
    if (target instanceof Response) return target;
    return answer(c, target.address, await resources.delete(target.address, readTerms(c)));
  });

  routes.get("/:driver/:guresid", async (c) => {
    const target = readTarget(c);
    if (target instanceof Response) return target;
    return answer(c, target.address, await resources.get(target.address, readTerms(c)));
  });

  routes.all("/:driver/:guresid", (c) => {
    c.header("Allow", "PUT, DELETE, GET, HEAD");
    return respondWithError(c, "RES-108", `Cannot ${c.req.method} a resource: PUT, DELETE and GET are known here`);
  });

  // A GUResID of dots never comes as far as its check: URLs resolve it to another path.
  routes.all("*", (c) =>
    respondWithError(c, "RES-100", "Cannot read the path: it must be /drivers/<driver>/<guresid>"),
  );

  function answer(c: Context, address: ResourceAddress, what: Answer): Response {
    if ("run" in what) options.noteRun(c, { ...address, ...what.run });
    return respond(c, what, { ...address, now: now() });
  }

  function readTarget(c: Context): Addressed | Response {
    const name = c.req.param("driver") ?? "";
    const driver = catalog.get(name);
    if (driver === undefined)
      return respondWithError(c, "RES-106", `There is no such driver; known: ${[...catalog.keys()].join(", ")}`);
    const guresid = check(GUResID, c.req.param("guresid"));
    if (!guresid.ok)
      return respondWithError(
        c,
        "RES-100",
        `Cannot read the GUResID in the path: ${guresid.problem.replace(/^the body/, "it")}`,
      );
    const cookie = checkCookie(c.req.header(cookieHeader));
    if (!cookie.ok) return respondWithError(c, "RES-100", `Cannot take the driver cookie: ${cookie.problem}`);
    return { driver, address: { driver: name, guresid: guresid.value } };
  }

  function readTerms(c: Context): Terms {
    return {
      waitSeconds: parseWait(c.req.header("Prefer"), defaultWaitSeconds),
      trace: options.traceOf(c),
      mayUse: (cluster) => options.mayUse(c, cluster),
    };
  }

  return routes;
}

function refuseBody(c: Context, body: Exclude<ReadBody, { kind: "read" }>): Response {
  if (body.kind === "cut-off") return respondWithError(c, "RES-100", "Cannot read the request: the body was cut off");
  if (body.kind === "encoded") {
    const found = JSON.stringify(body.encoding.slice(0, 40));
    return respondWithError(c, "RES-100", `Cannot read the request: Content-Encoding is ${found}, send it as it is`);
  }
  const actual = body.actual ?? "more than that";
  const problem = `the limit is ${limits.requestBodyBytes} bytes, the body is ${actual}`;
  return respondWithError(c, "RES-105", `Cannot take the request: ${problem}`);
}
