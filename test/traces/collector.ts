/**
 * Takes spans as an OpenTelemetry collector does, by OTLP over HTTP. Unlike one it keeps everything, forwards nothing, takes
 * spans alone, and reads JSON only: protobuf it keeps as bytes. It checks nothing that its tests don't look at.
 */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import { waitUntil } from "../support/wait-until.ts";

export interface SeenSpan {
  readonly name: string;
  readonly kind: "internal" | "server" | "client" | "producer" | "consumer";
  readonly traceId: string;
  readonly spanId: string;
  /** Undefined: it has none. */
  readonly parentId: string | undefined;
  readonly traceState: string | undefined;
  /** Milliseconds since 1970. */
  readonly from: number;
  readonly to: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** The error's text; undefined: no error. */
  readonly error: string | undefined;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  /** `service.name` of the program that sent it. */
  readonly service: string;
  readonly resource: Readonly<Record<string, unknown>>;
}

export interface Collector {
  /** For `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  readonly url: string;
  readonly spans: readonly SeenSpan[];
  readonly requests: readonly {
    readonly path: string;
    readonly type: string;
    readonly headers: IncomingMessage["headers"];
  }[];
  /** Everything that was sent, as bytes. */
  readonly bytes: Buffer;
  /** Answers with this status from now on. */
  answerWith(status: number): void;
  /** Answers nobody from now on, until it is released. */
  hold(): void;
  release(): void;
  /** Waits for a span. */
  awaitSpan(what: string, find: () => SeenSpan | undefined): Promise<SeenSpan>;
  /** Waits until these bytes were sent. */
  awaitBytes(what: string, bytes: Buffer): Promise<void>;
  /** Waits for a span of a trace that has this name. */
  await(traceId: string, name: string): Promise<SeenSpan>;
  close(): Promise<void>;
}

interface OtlpAttribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

interface OtlpSpan {
  readonly name: string;
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly traceState?: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes?: OtlpAttribute[];
  readonly status?: { readonly code?: number; readonly message?: string };
  readonly links?: { readonly traceId: string; readonly spanId: string }[];
}

interface OtlpRequest {
  readonly resourceSpans: {
    readonly resource: { readonly attributes: OtlpAttribute[] };
    readonly scopeSpans: { readonly spans: OtlpSpan[] }[];
  }[];
}

const kinds = ["internal", "internal", "server", "client", "producer", "consumer"] as const;

export async function startCollector(): Promise<Collector> {
  const spans: SeenSpan[] = [];
  const requests: Collector["requests"][number][] = [];
  const chunks: Buffer[] = [];
  let status = 200;
  let gate = Promise.resolve();
  let release = () => {};
  const server = createServer((request, response) => {
    void (async () => {
      const body = await readBody(request);
      const { url = "", headers } = request;
      const type = headers["content-type"] ?? "";
      chunks.push(body);
      requests.push({ path: url, type, headers });
      await gate;
      if (status === 200 && type === "application/json") spans.push(...readSpans(body));
      response.writeHead(status, { "Content-Type": type }).end(type === "application/json" ? "{}" : "");
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    spans,
    requests,
    get bytes() {
      return Buffer.concat(chunks);
    },
    hold() {
      gate = new Promise((resolve) => (release = resolve));
    },
    release: () => release(),
    answerWith(next) {
      status = next;
    },
    awaitSpan: (what, find) => waitUntil(`a span has come: ${what}`, find),
    async awaitBytes(what, bytes) {
      await waitUntil(`it was sent: ${what}`, () => chunks.some((chunk) => chunk.includes(bytes)));
    },
    await: (traceId, name) =>
      waitUntil(`a span has come: ${name}`, () => spans.find((span) => span.traceId === traceId && span.name === name)),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  const body = Buffer.concat(pieces);
  return request.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body;
}

function readSpans(body: Buffer): SeenSpan[] {
  const { resourceSpans } = JSON.parse(body.toString()) as OtlpRequest;
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap((scope) => scope.spans.map((span) => toSeen(span, toRecord(resource.attributes)))),
  );
}

function toSeen(span: OtlpSpan, resource: Readonly<Record<string, unknown>>): SeenSpan {
  const { name, kind, traceId, spanId, traceState, attributes = [], status = {}, links = [] } = span;
  return {
    name,
    kind: kinds[kind] ?? "internal",
    traceId,
    spanId,
    parentId: span.parentSpanId === "" ? undefined : span.parentSpanId,
    traceState: traceState === "" ? undefined : traceState,
    from: toMilliseconds(span.startTimeUnixNano),
    to: toMilliseconds(span.endTimeUnixNano),
    attributes: toRecord(attributes),
    error: status.code === 2 ? (status.message ?? "") : undefined,
    links: links.map((link) => ({ traceId: link.traceId, spanId: link.spanId })),
    service: String(resource["service.name"]),
    resource,
  };
}

function toMilliseconds(nanoseconds: string): number {
  return Number(BigInt(nanoseconds) / 1000n) / 1000;
}

function toRecord(attributes: readonly OtlpAttribute[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}

/** A trace as indented lines, in the order in which its spans began: `name kind`. */
export function drawTrace(spans: readonly SeenSpan[], parentId?: string, indent = ""): string[] {
  const known = new Set(spans.map(({ spanId }) => spanId));
  const isHere = (span: SeenSpan) =>
    parentId === undefined ? span.parentId === undefined || !known.has(span.parentId) : span.parentId === parentId;
  return spans
    .filter(isHere)
    .toSorted((a, b) => a.from - b.from || a.to - b.to)
    .flatMap((span) => [`${indent}${span.name} ${span.kind}`, ...drawTrace(spans, span.spanId, `${indent}  `)]);
}
