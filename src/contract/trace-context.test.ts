import { expect, test } from "vitest";
import { formatTrace, parseTrace } from "./trace-context.ts";

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const spanId = "00f067aa0ba902b7";
const sound = `00-${traceId}-${spanId}-01`;

test("a sound traceparent is the span that it names, and is written as it was", () => {
  expect(parseTrace(sound)).toEqual({ traceId, spanId, flags: 1 });
  expect(formatTrace({ traceId, spanId, flags: 1 })).toEqual({ traceparent: sound });
  expect(formatTrace({ traceId, spanId, flags: 0, state: "a=1" })).toEqual({
    traceparent: `00-${traceId}-${spanId}-00`,
    tracestate: "a=1",
  });
});

test.for([
  undefined,
  "",
  "00-x-y-01",
  `${sound}-more`,
  `${sound}\n`,
  ` ${sound}`,
  sound.toUpperCase(),
  sound.slice(0, -1),
  `ff${sound.slice(2)}`,
  `00-${"0".repeat(32)}-${spanId}-01`,
  `00-${traceId}-${"0".repeat(16)}-01`,
])("%j names nothing", (header) => {
  expect(parseTrace(header, "a=1")).toBeUndefined();
});

test("a later version is read as far as this one goes, and written as this one", () => {
  for (const later of [`cc${sound.slice(2)}`, `cc${sound.slice(2)}-what-will-be`]) {
    const read = parseTrace(later);
    expect(read && formatTrace(read).traceparent).toBe(sound);
  }
});

test.for([
  ["rojo=00f067aa0ba902b7,congo=t61rcWkgMzE", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"],
  ["", undefined],
  ["  ", undefined],
  ["a=ü", undefined],
  ["a=1\nb=2", undefined],
  [`a=${"x".repeat(510)}`, `a=${"x".repeat(510)}`],
  [`a=${"x".repeat(511)}`, undefined],
] as const)("of the state %j %j goes along", ([header, passed]) => {
  expect(parseTrace(sound, header)?.state).toBe(passed);
});
