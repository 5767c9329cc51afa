/** What watches ask of the Kubernetes API: lists, and the changes after them. */
import type { JsonObject } from "../../../src/contract/json.ts";

export type Collection = "jobs" | "pods" | "events";

export interface ObjectQuery {
  readonly namespace: string;
  readonly collection: Collection;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface ObjectPage {
  /** The version that a watch goes on from, once all pages are read. */
  readonly resourceVersion: string;
  readonly items: readonly JsonObject[];
}

export type WatchMessage =
  | { readonly kind: "changed" | "deleted"; readonly object: JsonObject; readonly resourceVersion: string }
  /** Nothing has changed, up to this version. */
  | { readonly kind: "bookmark"; readonly resourceVersion: string };

export interface ClusterFeed {
  /** All objects that match, page by page. Waits out a server that is away; rejects with `ApiRefusal` as `ClusterApi` does. */
  listPages(query: ObjectQuery, signal: AbortSignal): AsyncGenerator<ObjectPage>;
  /**
   * Changes after a version, until the server ends the watch. Rejects with `ApiRefusal`, status 410, where the server no
   * longer knows what happened since; with whatever broke the connection.
   */
  watchObjects(
    query: ObjectQuery & { readonly resourceVersion: string },
    signal: AbortSignal,
  ): AsyncGenerator<WatchMessage>;
}
