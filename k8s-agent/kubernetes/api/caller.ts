/**
 * One question to the API server, asked until there is an answer that another try won't change: the server may be away,
 * restarting, overloaded (429) or silent, and our token may have been replaced. Every attempt has a time limit of its own.
 */
import { pause } from "../../../src/bus/pause.ts";
import type { Logger } from "../../../src/log.ts";
import type { ApiConnection, ApiRequest, ApiResponse } from "./connection.ts";
import { ApiRefusal } from "./cluster-api.ts";
import { createPauses, type PauseRange } from "./pauses.ts";
import { decodeStatus, type ApiStatus } from "./status.ts";

export interface ApiCall extends ApiRequest {
  /** What is counted, such as `create secrets`. */
  readonly verb: string;
  /** For sentences, behind `Cannot`: `create Secret ns/run-1`. */
  readonly what: string;
  /** Of the first attempt, from its start until `read` is done; one that was too short is doubled, up to a minute. */
  readonly limitMilliseconds?: number;
  /** Whether this answer, which isn't a success, is one that the caller understands. */
  readonly accepts?: (status: ApiStatus) => boolean;
}

/** A success, or what `accepts` took. */
export type ApiAnswer<T> = { readonly kind: "success"; readonly value: T } | ({ readonly kind: "other" } & ApiStatus);

/** Reads a success; the attempt's time limit ends after it. What it leaves unread, the call's own signal ends. */
export type ReadAnswer<T> = (response: ApiResponse) => Promise<T>;

export interface Caller {
  call<T>(call: ApiCall, read: ReadAnswer<T>): Promise<ApiAnswer<T>>;
  readonly calls: ReadonlyMap<string, number>;
  /** Whether the last attempt of any call had an answer that wasn't the server's own trouble; false before the first. */
  isReachable(): boolean;
}

export interface CallerOptions {
  readonly connection: ApiConnection;
  readonly logger: Logger;
  readonly random: () => number;
  readonly pauses: PauseRange;
  readonly attemptMilliseconds: number;
}

type Attempt<T> =
  | { readonly kind: "done"; readonly answer: ApiAnswer<T> }
  | { readonly kind: "unauthorized"; readonly status: ApiStatus }
  | { readonly kind: "again"; readonly reason: unknown; readonly askedMilliseconds?: number }
  | { readonly kind: "late"; readonly reason: unknown };

/** What the API server itself allows a request; admission webhooks may take half of it. */
const longestAttempt = 60_000;

/** A token that was just replaced is right at the second try; a server that starts may take a few more to know it. */
const mostUnauthorized = 5;

export function createCaller({ connection, logger, random, pauses, attemptMilliseconds }: CallerOptions): Caller {
  const calls = new Map<string, number>();
  let reachable = false;

  async function call<T>(call: ApiCall, read: ReadAnswer<T>): Promise<ApiAnswer<T>> {
    const nextPause = createPauses(pauses, random);
    let unauthorized = 0;
    let limit = call.limitMilliseconds ?? attemptMilliseconds;
    for (;;) {
      call.signal.throwIfAborted();
      calls.set(call.verb, (calls.get(call.verb) ?? 0) + 1);
      const attempt = await tryOnce(call, { read, limit });
      if (attempt.kind === "done") return attempt.answer;
      if (attempt.kind === "late") limit = Math.max(limit, Math.min(2 * limit, longestAttempt));
      if (attempt.kind !== "unauthorized") {
        const milliseconds = nextPause(attempt.kind === "again" ? attempt.askedMilliseconds : 0);
        logger.warn(
          { call: call.what, err: attempt.reason, milliseconds },
          "The API server gave no answer; trying again",
        );
        await pause(milliseconds, call.signal);
      } else {
        connection.renewCredentials();
        if (++unauthorized === mostUnauthorized) throw new ApiRefusal(call.what, attempt.status);
        if (unauthorized > 1) await pause(nextPause(), call.signal);
      }
    }
  }

  async function tryOnce<T>(call: ApiCall, by: { read: ReadAnswer<T>; limit: number }): Promise<Attempt<T>> {
    const limit = startLimit(by.limit);
    try {
      const response = await connection.send({ ...call, signal: AbortSignal.any([call.signal, limit.signal]) });
      reachable = response.status < 500;
      if (isSuccess(response.status)) return succeedWith(await by.read(response));
      const status = decodeStatus(response.status, await response.body.text());
      if (call.accepts?.(status)) return { kind: "done", answer: { kind: "other", ...status } };
      return judge(call, status, response);
    } catch (error) {
      if (error instanceof ApiRefusal) throw error;
      call.signal.throwIfAborted();
      reachable = false;
      if (!limit.signal.aborted) return { kind: "again", reason: error };
      connection.renewConnections();
      return { kind: "late", reason: limit.signal.reason };
    } finally {
      limit.end();
    }
  }

  return { call, calls, isReachable: () => reachable };
}

function succeedWith<T>(value: T): Attempt<T> {
  return { kind: "done", answer: { kind: "success", value } };
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

function judge<T>(call: ApiCall, status: ApiStatus, { headers }: ApiResponse): Attempt<T> {
  if (status.status === 401) return { kind: "unauthorized", status };
  if (!isTransient(status)) throw new ApiRefusal(call.what, status);
  return { kind: "again", reason: new ApiRefusal(call.what, status), askedMilliseconds: readRetryAfter(headers) };
}

/** A conflict is another writer at the same moment (a quota's counter, mostly), unless the caller knows better. */
function isTransient({ status }: ApiStatus): boolean {
  return status === 408 || status === 409 || status === 429 || (status >= 500 && status !== 501);
}

/** Seconds, as the API server sends them, in milliseconds; 0 where it asks for nothing. Five minutes at most. */
function readRetryAfter({ "retry-after": header }: ApiResponse["headers"]): number {
  const seconds = typeof header === "string" && /^\d{1,9}$/.test(header) ? Number(header) : 0;
  return 1000 * Math.min(seconds, 300);
}

/** Its signal aborts after the time, but not once it was ended. */
function startLimit(milliseconds: number): { readonly signal: AbortSignal; end(): void } {
  const controller = new AbortController();
  const expire = () => controller.abort(new Error(`no answer within ${milliseconds / 1000} seconds`));
  const timer = setTimeout(expire, milliseconds);
  return { signal: controller.signal, end: () => clearTimeout(timer) };
}
