/** A front door on a bus in memory, in which the test plays the agent; for the tests of this folder. */
import { createApp, type AppOptions } from "./app.ts";
import { createMemoryBus } from "./bus/memory/memory-bus.ts";
import type { Bus, Lease } from "./bus/port.ts";
import { containerDriver } from "./catalog/container/container.ts";
import { createCatalog } from "./catalog/driver.ts";
import { decodeMessage, encodeMessage } from "./contract/decode.ts";
import { cookieHeader, runHeader } from "./contract/driver-api/headers.ts";
import { buildRunEvent, eventTypes, type Phase, type RunEventData, type RunResult } from "./contract/events.ts";
import { isJsonObject, parseJson, stringifyJson, type JsonObject } from "./contract/json.ts";
import { RunRequest, type Run } from "./contract/run.ts";
import { createClusterDirectory } from "./driver/cluster-directory.ts";
import { createConsoleLogger } from "./log.ts";
import { letEverybodyIn } from "./middleware/authenticate/authenticate.ts";
import { openRequest } from "./sealing/request.ts";
import { sealResult } from "./sealing/result.ts";
import { createParties, type Parties } from "./sealing/sealing.fixture.ts";

export const guresid = "3f786850e387550fdab836ed7e6dc881de23001b";
export const path = `/drivers/container/${guresid}`;
export const cluster = "local";

/** A request that is told from others by its resource. */
export function buildBody(resource: JsonObject = {}, values: JsonObject = {}, secrets: JsonObject = {}): JsonObject {
  return { type: "s3", resource, driver: { values: { job: { image: "runner" }, ...values }, secrets } };
}

/** An answer, taken apart. */
export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: JsonObject;
  readonly runId: string | undefined;
}

export interface RequestOptions {
  readonly method: "PUT" | "DELETE" | "GET";
  readonly path?: string;
  readonly body?: unknown;
  readonly prefer?: string;
  readonly cookie?: string;
  readonly headers?: Record<string, string>;
}

export interface Stage {
  readonly app: ReturnType<typeof createApp>;
  readonly bus: Bus;
  readonly parties: Parties;
  /** Lines of the front door's log. */
  readonly logged: string[];
  /** Sets the front door's clock forward. */
  advance(milliseconds: number): void;
  ask(options: RequestOptions): Promise<Reply>;
  put(body?: unknown, options?: Omit<RequestOptions, "method" | "body">): Promise<Reply>;
  delete(options?: Omit<RequestOptions, "method">): Promise<Reply>;
  get(options?: Omit<RequestOptions, "method">): Promise<Reply>;
  /** Takes the next request as the agent; fails when there is none within two seconds. */
  takeRun(): Promise<PlayedRun>;
}

/** A run in the hands of the test. */
export interface PlayedRun {
  readonly run: Run;
  readonly lease: Lease;
  /** Publishes that the run is in a phase. */
  report(phase: Phase, details?: Partial<RunEventData>): Promise<void>;
  /** Publishes the end, sealed as an agent does, and finishes the request. */
  end(result: RunResult): Promise<void>;
}

export interface StageOptions extends Partial<Omit<AppOptions, "logger" | "now">> {
  readonly parties?: Parties;
  /** What the front door itself is given, when that is not the bus that the agent has. */
  readonly appBus?: Bus;
}

export async function createStage(options: StageOptions = {}): Promise<Stage> {
  const { bus = createMemoryBus(), parties = await createParties(), appBus = bus, ...rest } = options;
  const logged: string[] = [];
  let time = Date.parse("2027-01-15T08:00:00.000Z");
  const now = () => new Date(time);
  const app = createApp({
    bus: appBus,
    catalog: createCatalog([containerDriver]),
    clusters: createClusterDirectory({ clusters: [{ name: cluster, key: parties.clusterKey }] }),
    keys: parties.frontDoor,
    authenticate: letEverybodyIn,
    logger: createConsoleLogger({ write: (line) => logged.push(line), now, level: "debug" }),
    now,
    version: "1.2.3",
    defaultWaitSeconds: 0,
    ...rest,
  });
  const ask = (request: RequestOptions) => sendRequest(app, request);
  return {
    app,
    bus,
    parties,
    logged,
    advance: (milliseconds) => (time += milliseconds),
    ask,
    put: (body = buildBody(), request = {}) => ask({ ...request, method: "PUT", body }),
    delete: (request = {}) => ask({ ...request, method: "DELETE" }),
    get: (request = {}) => ask({ ...request, method: "GET" }),
    takeRun: () => takeRun(bus, parties),
  };
}

async function sendRequest(app: Stage["app"], request: RequestOptions): Promise<Reply> {
  const { method, body, prefer, cookie } = request;
  const headers = {
    ...(prefer === undefined ? {} : { Prefer: prefer }),
    ...(cookie === undefined ? {} : { [cookieHeader]: cookie }),
    ...request.headers,
  };
  const text = body === undefined || typeof body === "string" ? body : stringifyJson(body);
  const init = { method, headers, ...(text === undefined ? {} : { body: text }) };
  const response = await app.request(request.path ?? path, init);
  const answered = await response.text();
  const parsed = parseJson(answered);
  return {
    status: response.status,
    headers: response.headers,
    text: answered,
    body: parsed.ok && isJsonObject(parsed.value) ? parsed.value : {},
    runId: response.headers.get(runHeader) ?? undefined,
  };
}

async function takeRun(bus: Bus, parties: Parties): Promise<PlayedRun> {
  for await (const lease of bus.requests.take(cluster, { signal: AbortSignal.timeout(20_000) })) {
    const request = decodeMessage(RunRequest, lease.data);
    if (!request.ok) throw new Error(request.problem);
    const opened = await openRequest(request.value, { keys: parties.agent, address: lease.address });
    if (!opened.ok) throw new Error(opened.problem);
    return playRun(bus, lease, opened.value);
  }
  throw new Error("Cannot take a run: none was placed");
}

function playRun(bus: Bus, lease: Lease, run: Run): PlayedRun {
  const { order } = run;
  const { runId, driver, guresid, type, action } = order;

  async function report(phase: Phase, details: Partial<RunEventData> = {}): Promise<void> {
    const data: RunEventData = { runId, cluster: order.cluster, driver, guresid, type, action, phase, ...details };
    const source = `/clusters/${order.cluster}/agents/test`;
    const event = buildRunEvent(phase, data, { id: `${runId}.${phase}`, source, time: new Date(0) });
    const after = (await bus.events.last(order))?.sequence ?? 0;
    const appended = await bus.events.append(order, encodeMessage(event), { id: event.id, after });
    if (appended.kind === "conflict") throw new Error(`Cannot report ${phase}: somebody else did`);
  }

  return {
    run,
    lease,
    report,
    async end(result) {
      await report(result.kind, { sealed: await sealResult(result, { ...order, type: eventTypes[result.kind] }) });
      await lease.finish();
    },
  };
}

export function succeedWith(values: JsonObject = {}, more: { commit?: string; unchanged?: true } = {}): RunResult {
  return { kind: "succeeded", outputs: { values, secrets: {}, manifests: [] }, ...more };
}

export function failWith(message: string): RunResult {
  return { kind: "failed", failure: { reason: "exit-code", message } };
}
