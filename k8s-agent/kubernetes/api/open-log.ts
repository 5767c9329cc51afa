/** A container's log as a stream of bytes. */
import type { Caller } from "./caller.ts";
import type { ClusterApi, LogRequest } from "./cluster-api.ts";
import type { ApiResponse } from "./connection.ts";
import { buildObjectPath } from "./paths.ts";
import type { ApiStatus } from "./status.ts";

export interface LogOpenerOptions {
  readonly caller: Caller;
  readonly attemptMilliseconds: number;
}

type Bytes = AsyncIterable<Uint8Array>;

export function createLogOpener({ caller, attemptMilliseconds }: LogOpenerOptions): ClusterApi["openLog"] {
  return async (request) => {
    const { namespace, name, container, signal } = request;
    const answer = await caller.call<Bytes | undefined>(
      {
        verb: "get pods/log",
        what: `read the log of ${container} in Pod ${namespace}/${name}`,
        method: "GET",
        path: `${buildObjectPath("pods", { namespace, name })}/log`,
        query: buildQuery(request),
        signal,
        // The server asks the pod's kubelet first, and may wait for the log's first bytes before it says a word.
        limitMilliseconds: 3 * attemptMilliseconds,
        accepts: isNoLog,
      },
      async (response) => (response.status === 204 ? discard(response) : readBytes(response, signal)),
    );
    if (answer.kind === "success") {
      return answer.value === undefined
        ? { kind: "not-yet", message: `Pod ${namespace}/${name} is not scheduled` }
        : { kind: "open", bytes: answer.value };
    }
    return answer.status === 404 ? { kind: "gone" } : { kind: "not-yet", message: answer.message };
  };
}

function buildQuery({ container, follow, timestamps, sinceTime, tailLines }: LogRequest) {
  return { container, follow, timestamps, sinceTime, tailLines };
}

/** A container that the pod doesn't have is a mistake of ours, and won't come. */
function isNoLog({ status, message }: ApiStatus): boolean {
  return status === 404 || (status === 400 && !message.includes("is not valid for pod"));
}

async function discard({ body }: ApiResponse): Promise<undefined> {
  await body.dump();
  return undefined;
}

async function* readBytes({ body }: ApiResponse, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of body) yield toBytes(chunk);
  } catch (error) {
    signal.throwIfAborted();
    throw new Error("Cannot read on in a log: its connection broke", { cause: error });
  }
}

function toBytes(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  throw new Error(`Cannot read a log: its connection gives ${typeof chunk} and not bytes`);
}
