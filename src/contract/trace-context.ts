/** W3C Trace Context: how a trace goes on from one program to the next, in headers, orders and main's environment. */
import * as v from "valibot";

/** As it travels. */
export const TraceCarrier = v.object({ traceparent: v.string(), tracestate: v.exactOptional(v.string()) });
export type TraceCarrier = v.InferOutput<typeof TraceCarrier>;

/** One span of a trace, as its children name it. */
export interface TraceContext {
  /** 32 hexadecimal digits, not all 0. */
  readonly traceId: string;
  /** 16 hexadecimal digits, not all 0. */
  readonly spanId: string;
  /** The last bit: whoever began the trace wants it recorded. */
  readonly flags: number;
  /** What tracing systems say to each other: handed on as it is. */
  readonly state?: string;
}

/** The recommendation's least, and what its own examples of systems keep to. */
const mostStateCharacters = 512;

/** The span that a caller names; undefined where it names none, or not as the recommendation has it. */
export function parseTrace(traceparent: string | undefined, tracestate?: string): TraceContext | undefined {
  const parts = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/.exec(traceparent ?? "");
  const [, version = "", traceId = "", spanId = "", flags = "", more] = parts ?? [];
  // A later version may say more behind the flags.
  if (parts === null || version === "ff" || (version === "00" && more !== undefined)) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  const known = { traceId, spanId, flags: Number.parseInt(flags, 16) };
  return isState(tracestate) ? { ...known, state: tracestate } : known;
}

function isState(text: string | undefined): text is string {
  return text !== undefined && text.length <= mostStateCharacters && /^[\x20-\x7e]*[\x21-\x7e][\x20-\x7e]*$/.test(text);
}

/** As version 00, which every later one understands. */
export function formatTrace({ traceId, spanId, flags, state }: TraceContext): TraceCarrier {
  const traceparent = `00-${traceId}-${spanId}-${flags.toString(16).padStart(2, "0")}`;
  return { traceparent, ...(state === undefined ? {} : { tracestate: state }) };
}
