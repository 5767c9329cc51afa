/**
 * The front door on Cloudflare Workers. A connection can't be kept from one request to the next in a Worker, so a Durable
 * Object owns it and serves the whole app; an idle one lets go of its socket, which would be billed.
 */
import { DurableObject } from "cloudflare:workers";
import { wsconnect } from "@nats-io/nats-core";
import type { Hono } from "hono";
import { createLazyBus } from "../../src/bus/lazy-bus.ts";
import { openNatsBus } from "../../src/bus/nats/open-nats-bus.ts";
import type { ErrorCode } from "../../src/contract/errors.ts";
import { refuse, succeed, type Result } from "../../src/contract/result.ts";
import { createFrontDoor } from "../../src/front-door.ts";
import { createConsoleLogger } from "../../src/log.ts";
import { readWorkerConfig } from "./config.ts";
import manifest from "../../package.json" with { type: "json" };

/** Bindings: the variables in docs/configuration.md, and the object's namespace. */
export interface Bindings extends Readonly<Record<string, unknown>> {
  readonly FRONT_DOOR: DurableObjectNamespace;
}

/** Whoever calls while the broker is away is told so within a second: less is left for the broker. */
const patienceMilliseconds = 700;

export default {
  async fetch(request: Request, { FRONT_DOOR }: Bindings): Promise<Response> {
    try {
      return await FRONT_DOOR.getByName("front-door").fetch(request);
    } catch (error) {
      // The object is being moved or replaced, or has too much to do. It may have done what was asked: asking again is safe.
      console.error(
        JSON.stringify({ level: "error", msg: "The Durable Object does not answer", error: String(error) }),
      );
      return respondWithError("RES-151", 503, "The front door does not answer: try again soon");
    }
  },
};

export class FrontDoor extends DurableObject<Bindings> {
  readonly #app = openApp(this.env);

  override async fetch(request: Request): Promise<Response> {
    const app = await this.#app;
    if (app.ok) return app.value.fetch(request);
    console.error(JSON.stringify({ level: "error", msg: "Cannot start", problem: app.problem }));
    return respondWithError("RES-150", 500, "The driver is not configured as it must be; its log says why");
  }
}

function respondWithError(error: ErrorCode, status: number, message: string): Response {
  return Response.json({ error, message }, { status, headers: status === 503 ? { "Retry-After": "2" } : {} });
}

async function openApp(bindings: Bindings): Promise<Result<Pick<Hono, "fetch">>> {
  const now = () => new Date();
  const config = readWorkerConfig(bindings);
  if (!config.ok) return config;
  const { LOG_LEVEL, IDLE_SECONDS, NATS_API_PREFIX: apiPrefix, connection } = config.value;
  const logger = createConsoleLogger({ write: (line) => console.log(line), now, level: LOG_LEVEL });
  const bus = createLazyBus({
    patienceMilliseconds,
    idleMilliseconds: IDLE_SECONDS * 1000,
    open: async () =>
      openNatsBus(await wsconnect(connection), { logger, apiPrefix, timeoutMilliseconds: patienceMilliseconds }),
  });
  const app = await createFrontDoor({ config: config.value, bus, logger, now, version: manifest.version });
  return app.ok ? succeed(app.value) : refuse(app.problem);
}
