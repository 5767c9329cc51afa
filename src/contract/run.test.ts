import { describe, expect, test } from "vitest";
import { check, decodeMessage, encodeMessage } from "./decode.ts";
import { ResourceAddress, RunOrder, RunRequest } from "./run.ts";

const order: RunOrder = {
  v: 1,
  cluster: "local",
  runId: "01jd0v8e3k7xw2m4n6p8q0r1s2",
  driver: "container",
  guresid: "3f786850e387550fdab836ed7e6dc881de23001b",
  type: "s3",
  action: "create",
  runKey: "k",
  runKeyId: "i",
  inputsDigest: "d",
  requestedAt: "2027-01-15T08:00:00.123Z",
};

describe("an order", () => {
  test.for([order, { ...order, action: "destroy" as const, unlessCommit: "0123456", traceparent: "00-a-b-01" }])(
    "comes out of its bytes as it went in",
    (sent) => {
      expect(decodeMessage(RunOrder, encodeMessage(sent))).toEqual({ ok: true, value: sent });
    },
  );

  test("of a newer front door is read", () => {
    expect(check(RunOrder, { ...order, priority: 1 })).toEqual({ ok: true, value: order });
  });

  const required = Object.keys(order);
  test.for(required)("without %s is refused", (key) => {
    const { [key as keyof RunOrder]: _, ...rest } = order;
    expect(check(RunOrder, rest)).toEqual({ ok: false, problem: `${key} is missing` });
  });

  test.for([
    { v: 2 },
    { cluster: "a.b" },
    { runId: "../x" },
    { driver: "A" },
    { guresid: ".." },
    { type: "" },
    { action: "update" },
    { requestedAt: "yesterday, canary" },
  ])("with %j is refused, and the value is not told", (change) => {
    const read = check(RunOrder, { ...order, ...change });
    expect(read.ok).toBe(false);
    expect(read.ok ? "" : read.problem).not.toContain("canary");
  });
});

test("a request is two sealed texts", () => {
  const request = { v: 1, order: "a.b.c.d.e", inputs: "f.g.h.i.j" };
  expect(decodeMessage(RunRequest, encodeMessage({ ...request, next: true }))).toEqual({ ok: true, value: request });
  expect(check(RunRequest, { v: 1, order: "x" })).toEqual({ ok: false, problem: "inputs is missing" });
});

test("a resource's address is a driver and a GUResID", () => {
  expect(check(ResourceAddress, { driver: "container", guresid: "abc" }).ok).toBe(true);
  expect(check(ResourceAddress, { driver: "a.b", guresid: "abc" }).ok).toBe(false);
});
