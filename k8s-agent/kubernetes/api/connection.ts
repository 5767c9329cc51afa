/**
 * Requests to the API server, over HTTP/1.1. The client library's own clients open a new TLS connection for each call and
 * never close it; its HTTP/2 notices no dead peer, as nothing waits for the answer to its pings. With a connection for each
 * stream that is open a slow reader holds up nobody, there is no limit on streams, and TCP itself finds out who is dead.
 */
import { createHash } from "node:crypto";
import type { KubeConfig } from "@kubernetes/client-node";
import { Agent, ProxyAgent, request, type Dispatcher } from "undici";
import { createCredentialSource, type TlsOptions } from "./credentials.ts";

export interface ApiRequest {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** Below the server's address, with a slash before it. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** JSON. */
  readonly body?: string;
  readonly contentType?: string;
  /** Ends the request, and the reading of its answer. */
  readonly signal: AbortSignal;
}

export type ApiResponse = Pick<Dispatcher.ResponseData, "headers" | "body"> & { readonly status: number };

export interface ApiConnection {
  /** Rejects where no answer came: connection, credentials, signal. */
  send(request: ApiRequest): Promise<ApiResponse>;
  /** The server has refused our credentials: they are read anew. */
  renewCredentials(): void;
  /** The server was silent: idle connections are as dead as the one that was used. Streams go on where they can. */
  renewConnections(): void;
  close(): Promise<void>;
}

/** An idle connection is kept for so long: less than load balancers do. */
const keepIdleMilliseconds = 30_000;

/** Silence before TCP probes the peer, each second then; ten probes without an answer end the connection. */
const probeAfterMilliseconds = 20_000;

export function createApiConnection(kubeConfig: KubeConfig): ApiConnection {
  const cluster = kubeConfig.getCurrentCluster();
  if (cluster === null)
    throw new Error("Cannot reach an API server: the kubeconfig's current context names no cluster");
  const server = cluster.server.replace(/\/+$/, "");
  const credentials = createCredentialSource(kubeConfig);
  const dispatchers = createDispatchers(cluster.proxyUrl);

  return {
    async send({ method, path, query = {}, body, contentType = "application/json", signal }) {
      const { headers, tls } = await credentials.read();
      const { statusCode, ...response } = await request(`${server}${path}${buildQuery(query)}`, {
        method,
        headers: {
          accept: "application/json",
          "user-agent": "container-driver-agent",
          ...(body === undefined ? {} : { "content-type": contentType }),
          ...headers,
        },
        ...(body === undefined ? {} : { body }),
        signal,
        // Who asks knows how long he waits: a log may say nothing for hours.
        headersTimeout: 0,
        bodyTimeout: 0,
        dispatcher: dispatchers.get(tls),
      });
      // Whoever reads gets the error; while nobody does, a stream's error would end the process.
      response.body.on("error", () => undefined);
      return { status: statusCode, headers: response.headers, body: response.body };
    },
    renewCredentials: credentials.renew,
    renewConnections: dispatchers.retire,
    close: dispatchers.destroy,
  };
}

interface Dispatchers {
  /** The one for these TLS options; another one is retired. */
  get(tls: TlsOptions): Dispatcher;
  retire(): void;
  destroy(): Promise<void>;
}

/** Retired ones carry on what they carry, and close then: a new certificate must not end a log. */
function createDispatchers(proxyUrl: string | undefined): Dispatchers {
  const retired = new Set<Dispatcher>();
  let current: { readonly dispatcher: Dispatcher; readonly fingerprint: string } | undefined;

  function retire(): void {
    if (current === undefined) return;
    const { dispatcher } = current;
    current = undefined;
    retired.add(dispatcher);
    const forget = () => retired.delete(dispatcher);
    dispatcher.close().then(forget, forget);
  }

  return {
    get(tls) {
      const fingerprint = fingerprintOf(tls);
      if (current?.fingerprint === fingerprint) return current.dispatcher;
      retire();
      current = { dispatcher: createDispatcher(tls, proxyUrl), fingerprint };
      return current.dispatcher;
    },
    retire,
    async destroy() {
      const all = [...retired, ...(current === undefined ? [] : [current.dispatcher])];
      current = undefined;
      await Promise.all(all.map((dispatcher) => dispatcher.destroy()));
    },
  };
}

function createDispatcher(tls: TlsOptions, proxyUrl: string | undefined): Dispatcher {
  const options = {
    allowH2: false,
    keepAliveTimeout: keepIdleMilliseconds,
    connect: { ...tls, keepAlive: true, keepAliveInitialDelay: probeAfterMilliseconds },
  };
  return proxyUrl === undefined ? new Agent(options) : new ProxyAgent({ ...options, uri: proxyUrl, requestTls: tls });
}

function fingerprintOf({ ca, cert, key, servername, rejectUnauthorized }: TlsOptions): string {
  const hash = createHash("sha256");
  for (const part of [ca, cert, key]) hash.update(part ?? "").update("\0");
  return hash.update(`${servername}\0${rejectUnauthorized}`).digest("hex");
}

function buildQuery(query: NonNullable<ApiRequest["query"]>): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.set(name, String(value));
  return parameters.size === 0 ? "" : `?${parameters.toString()}`;
}
