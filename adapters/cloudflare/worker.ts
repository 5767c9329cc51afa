/**
 * The front door on Cloudflare Workers. A connection can't be kept from one request to the next in a Worker, so a Durable
 * Object owns it and serves the whole app; an idle one lets go of its socket, which would be billed.
 */
import { DurableObject } from "cloudflare:workers";
import { wsconnect } from "@nats-io/nats-core";
import { createLazyBus } from "../../src/bus/lazy-bus.ts";
import { createNatsBus } from "../../src/bus/nats/nats-bus.ts";
import { readFrontDoorConfig } from "../../src/config.ts";
import { createFrontDoor } from "../../src/front-door.ts";
import { createConsoleLogger } from "../../src/log.ts";
import { buildConnectionOptions } from "./connection-options.ts";
import manifest from "../../package.json" with { type: "json" };

/** Bindings: the front door's variables, the broker's URL (`wss://`) and credentials, and the object's namespace. */
export interface Bindings extends Readonly<Record<string, unknown>> {
  readonly FRONT_DOOR: DurableObjectNamespace;
}

const idleMilliseconds = 30_000;

export default {
  fetch(request: Request, { FRONT_DOOR }: Bindings): Promise<Response> {
    return FRONT_DOOR.getByName("front-door").fetch(request);
  },
};

export class FrontDoor extends DurableObject<Bindings> {
  #app: ReturnType<typeof openApp> | undefined;

  override async fetch(request: Request): Promise<Response> {
    const app = await (this.#app ??= openApp(this.env));
    return app.fetch(request);
  }
}

async function openApp(bindings: Bindings) {
  const now = () => new Date();
  const variables = Object.fromEntries(
    Object.entries(bindings).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
  const config = readFrontDoorConfig(variables);
  if (!config.ok) throw new Error(`Cannot start: ${config.problem}`);
  const logger = createConsoleLogger({ write: (line) => console.log(line), now, level: config.value.LOG_LEVEL });
  const connection = buildConnectionOptions(variables);
  if (!connection.ok) throw new Error(`Cannot start: ${connection.problem}`);
  const open = async () => createNatsBus({ connection: await wsconnect(connection.value) });
  const bus = createLazyBus({ open, patienceMilliseconds: 900, idleMilliseconds });
  const app = await createFrontDoor({ config: config.value, bus, logger, now, version: manifest.version });
  if (!app.ok) throw new Error(`Cannot start: ${app.problem}`);
  return app.value;
}
