/** Answers that go on while something happens: JSON lines, server-sent events where the client accepts them, or text. */
import type { Context } from "hono";
import { routePath } from "hono/route";
import type * as v from "valibot";
import type { Bus } from "../bus/port.ts";
import { check } from "../contract/decode.ts";
import { refuse, succeed } from "../contract/result.ts";
import { respondWithError } from "../errors.ts";
import type { Logger } from "../log.ts";
import { findEnds } from "./find-ends.ts";
import type { FoundRun } from "./find-run.ts";
import type { Positions } from "./positions.ts";
import { AllEventsQuery, Cursor, LogsQuery, readQuery, RunEventsQuery, Sequence } from "./queries.ts";
import { streamAllEvents } from "./stream/all-events.ts";
import { formatText } from "./stream/format-text.ts";
import { formatJsonLines, formatServerSentEvents } from "./stream/format.ts";
import type { Frame } from "./stream/frame.ts";
import { streamRunEvents } from "./stream/run-events.ts";
import { streamRunLog } from "./stream/run-log.ts";
import { toBody } from "./stream/to-body.ts";
import type { Viewer } from "./viewer.ts";

/** A silent stream has a sign of life so often. */
const heartbeatMilliseconds = 15_000;

export interface StreamResponses {
  runEvents(c: Context, run: FoundRun): Promise<Response>;
  runLog(c: Context, run: FoundRun): Promise<Response>;
  allEvents(c: Context, viewer: Viewer): Promise<Response>;
}

/**
 * Who may read is asked once, at the beginning: a stream ends with the token or session that opened it, and after half a day in
 * any case, as what a token is held against may change. Its client connects again, and is asked again.
 */
const mostMilliseconds = 12 * 3600 * 1000;

/** Is told when somebody begins to read a stream, and calls what it gave back when nobody reads it any more. */
export interface StreamObserver {
  streamOpened(stream: { route: string }): () => void;
}

export function createStreamResponses({
  bus,
  logger,
  now,
  validUntil,
  observer,
}: {
  bus: Pick<Bus, "events" | "logs">;
  logger: Logger;
  now: () => Date;
  /** When what a request was let in by ends, milliseconds since 1970. */
  validUntil: (c: Context) => number | undefined;
  observer?: StreamObserver | undefined;
}): StreamResponses {
  const onError = (error: unknown) => logger.warn({ err: error }, "A stream broke off");

  function respond<T extends object>(c: Context, frames: (signal: AbortSignal) => AsyncIterable<Frame<T>>): Response {
    const sse = wantsServerSentEvents(c);
    const produce = (signal: AbortSignal) =>
      sse ? formatServerSentEvents(frames(signal), heartbeatMilliseconds) : formatJsonLines(frames(signal));
    return send(c, sse ? "text/event-stream" : "application/x-ndjson", produce);
  }

  function send(c: Context, type: string, produce: Produce): Response {
    c.header("Content-Type", type);
    c.header("Cache-Control", "no-store");
    // What a container prints must not be taken for a page.
    c.header("X-Content-Type-Options", "nosniff");
    // nginx would hold it back until it has enough of it.
    c.header("X-Accel-Buffering", "no");
    const left = Math.max(0, Math.min((validUntil(c) ?? Infinity) - now().getTime(), mostMilliseconds));
    const bounded = endAfter(left, produce);
    return c.body(toBody({ produce: observer ? countViewers(bounded, { observer, c }) : bounded, onError }));
  }

  async function runEvents(c: Context, run: FoundRun): Promise<Response> {
    const asked = readResume(c, RunEventsQuery, Sequence);
    if (!asked.ok) return respondWithError(c, "RES-100", `Cannot read events: ${asked.problem}`);
    const { after = 0, follow, resumed } = asked;
    if (resumed && run.ended && after >= run.last.sequence) return c.body(null, 204);
    return respond(c, (signal) => streamRunEvents(run, { events: bus.events, after, follow, signal }));
  }

  async function runLog(c: Context, run: FoundRun): Promise<Response> {
    const asked = readResume(c, LogsQuery, Sequence);
    if (!asked.ok) return respondWithError(c, "RES-100", `Cannot read the log: ${asked.problem}`);
    const { after = 0, follow, resumed, query } = asked;
    if (query.tail !== undefined && query.after !== undefined)
      return respondWithError(c, "RES-100", "Cannot read the log: tail and after exclude each other");
    if (resumed && run.ended && after >= ((await bus.logs.last(run.address))?.sequence ?? 0)) return c.body(null, 204);
    const tail = resumed ? undefined : query.tail;
    if (query.format !== "text") return respond(c, (signal) => streamRunLog(run, { bus, after, follow, tail, signal }));
    c.header("Content-Disposition", `attachment; filename="${run.address.runId}.log"`);
    const goOn = query.follow === true;
    return send(c, "text/plain; charset=utf-8", (signal) =>
      formatText(streamRunLog(run, { bus, after, follow: goOn, tail, signal })),
    );
  }

  async function allEvents(c: Context, viewer: Viewer): Promise<Response> {
    const asked = readResume(c, AllEventsQuery, Cursor);
    if (!asked.ok) return respondWithError(c, "RES-100", `Cannot read events: ${asked.problem}`);
    const { after, follow, query } = asked;
    if (after === undefined && query.since === undefined && !follow)
      return respondWithError(
        c,
        "RES-100",
        "Cannot read events: since or after is missing; or follow=true, from now on",
      );
    // All of them have to be there: one that is missing from a stream would not be noticed.
    const ends = await findEnds(bus.events, viewer);
    const { since } = query;
    const begin = since === undefined ? ends : await locate(viewer, since);
    const from = new Map([...begin, ...(after ?? [])].filter(([cluster]) => ends.has(cluster)));
    const until = follow ? undefined : ends;
    return respond(c, (signal) => streamAllEvents({ events: bus.events, viewer, from, until, signal }));
  }

  /** Of each cluster the sequence behind which events of a time and later are. */
  async function locate({ clusters }: Viewer, since: Date): Promise<Positions> {
    return new Map(
      await Promise.all(clusters.map(async (name) => [name, await bus.events.locate(name, since)] as const)),
    );
  }

  return { runEvents, runLog, allEvents };
}

type Produce = (signal: AbortSignal) => AsyncIterable<string>;

/** Breaks off after so long, rather than looking as if all had been said. */
function endAfter(milliseconds: number, produce: Produce): Produce {
  return async function* (signal) {
    const over = new AbortController();
    const timer = setTimeout(() => over.abort(), milliseconds);
    try {
      yield* produce(AbortSignal.any([signal, over.signal]));
      if (over.signal.aborted && !signal.aborted)
        throw new Error("Cannot go on: what the reader was let in by has ended");
    } finally {
      clearTimeout(timer);
    }
  };
}

function countViewers(produce: Produce, { observer, c }: { observer: StreamObserver; c: Context }): Produce {
  const route = routePath(c);
  return async function* (signal) {
    const closed = observer.streamOpened({ route });
    try {
      yield* produce(signal);
    } finally {
      closed();
    }
  };
}

/** What was asked for, and where to go on: a client that connects again says it in a header, and that counts. */
function readResume<Q extends { follow?: boolean | undefined; after?: A | undefined }, A>(
  c: Context,
  querySchema: v.GenericSchema<unknown, Q>,
  cursorSchema: v.GenericSchema<unknown, A>,
) {
  const query = readQuery(c, querySchema);
  if (!query.ok) return query;
  const id = c.req.header("Last-Event-ID") ?? "";
  const resumed = id !== "";
  const last = resumed ? check(cursorSchema, id) : succeed(query.value.after);
  if (!last.ok) return refuse(last.problem.replace(/^the body/, "Last-Event-ID"));
  const follow = query.value.follow ?? wantsServerSentEvents(c);
  return { ok: true as const, query: query.value, after: last.value, follow, resumed };
}

function wantsServerSentEvents(c: Context): boolean {
  return /\btext\/event-stream\b/i.test(c.req.header("Accept") ?? "");
}
