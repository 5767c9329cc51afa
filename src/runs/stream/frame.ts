/** What a stream is made of, before it is JSON lines, server-sent events or text. */
import type { StreamEnd } from "../../contract/runs-api/stream-end.ts";

export type Frame<T> =
  | { readonly kind: "item"; readonly cursor: string; readonly item: T }
  | { readonly kind: "end"; readonly end: StreamEnd };

export interface StreamOptions {
  /** Entries up to this sequence are known to the reader. */
  readonly after: number;
  /** Whether to wait for what comes; otherwise it ends with what there is. */
  readonly follow: boolean;
  readonly signal: AbortSignal;
}
