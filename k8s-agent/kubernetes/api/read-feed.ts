/** Lists in pages, and watches as lines of JSON: the Kubernetes API's "efficient detection of changes". */
import * as v from "valibot";
import { isJsonObject, parseJson, type JsonObject } from "../../../src/contract/json.ts";
import type { Caller } from "./caller.ts";
import { ApiRefusal } from "./cluster-api.ts";
import type { ClusterFeed, ObjectPage, ObjectQuery, WatchMessage } from "./cluster-feed.ts";
import type { ApiResponse } from "./connection.ts";
import { buildCollectionPath } from "./paths.ts";
import { readLines } from "./read-lines.ts";
import { decodeErrorEvent } from "./status.ts";

export interface FeedOptions {
  readonly caller: Caller;
  readonly attemptMilliseconds: number;
}

const pageSize = 500;
const mostLevels = 200;

export function createClusterFeed({ caller, attemptMilliseconds }: FeedOptions): ClusterFeed {
  async function* listPages(query: ObjectQuery, signal: AbortSignal): AsyncGenerator<ObjectPage> {
    let token: string | undefined;
    do {
      const answer = await caller.call(
        {
          ...address("list", query),
          query: { ...select(query), limit: pageSize, continue: token },
          signal,
          // A page may be megabytes.
          limitMilliseconds: 3 * attemptMilliseconds,
        },
        readPage,
      );
      if (answer.kind === "other") return;
      yield answer.value;
      token = answer.value.continue;
    } while (token);
  }

  async function* watchObjects(
    query: ObjectQuery & { readonly resourceVersion: string },
    signal: AbortSignal,
  ): AsyncGenerator<WatchMessage> {
    const { resourceVersion } = query;
    const call = address("watch", query);
    const answer = await caller.call(
      { ...call, query: { ...select(query), watch: true, allowWatchBookmarks: true, resourceVersion }, signal },
      async ({ body }) => body,
    );
    if (answer.kind === "other") return;
    for await (const line of readLines(answer.value)) yield decodeMessage(line, call.what);
  }

  return { listPages, watchObjects };
}

function address(verb: "list" | "watch", { namespace, collection }: ObjectQuery) {
  return {
    method: "GET" as const,
    verb: `${verb} ${collection}`,
    what: `${verb} ${collection} in namespace ${namespace}`,
    path: buildCollectionPath(collection, namespace),
  };
}

function select({ labelSelector, fieldSelector }: ObjectQuery) {
  return { labelSelector, fieldSelector };
}

const Page = v.object({
  metadata: v.object({ resourceVersion: v.string(), continue: v.optional(v.string()) }),
  items: v.nullish(v.array(v.custom<JsonObject>(isJsonObject)), []),
});

async function readPage({ body }: ApiResponse): Promise<ObjectPage & { readonly continue: string | undefined }> {
  const parsed = parseJson(await body.text(), mostLevels);
  if (!parsed.ok) throw new Error(`Cannot read a list: ${parsed.problem}`);
  const { metadata, items } = v.parse(Page, parsed.value);
  return { resourceVersion: metadata.resourceVersion, items: items ?? [], continue: metadata.continue };
}

const Change = v.object({ type: v.string(), object: v.custom<JsonObject>(isJsonObject) });
const Versioned = v.object({ metadata: v.object({ resourceVersion: v.string() }) });

const messageKinds: Readonly<Record<string, WatchMessage["kind"]>> = {
  ADDED: "changed",
  MODIFIED: "changed",
  DELETED: "deleted",
  BOOKMARK: "bookmark",
};

function decodeMessage(line: string, what: string): WatchMessage {
  const parsed = parseJson(line, mostLevels);
  if (!parsed.ok) throw new Error(`Cannot ${what}: a line is ${parsed.problem}`);
  const { type, object } = v.parse(Change, parsed.value);
  if (type === "ERROR") throw new ApiRefusal(what, decodeErrorEvent(object));
  const kind = messageKinds[type];
  if (kind === undefined) throw new Error(`Cannot ${what}: there is no message of type ${type}`);
  return { kind, object, resourceVersion: v.parse(Versioned, object).metadata.resourceVersion };
}
