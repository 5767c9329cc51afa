import fc from "fast-check";
import { expect, test } from "vitest";
import { buildResourceKey, buildSubject, buildWildcard, channels, parseSubject } from "./subjects.ts";

const runId = "01jd0v8e3k7xw2m4n6p8q0r1s2";

test.for(channels)("a subject of the channel %s is taken apart into what it was made of", (channel) => {
  const subject = buildSubject(channel, { cluster: "eu-west-3", runId });
  expect(subject).toBe(`cd.v1.${channel}.eu-west-3.${runId}`);
  expect(parseSubject(subject)).toEqual({ channel, cluster: "eu-west-3", runId });
});

test.for([
  "",
  "cd",
  "cd.v1.events.local",
  `cd.v2.events.local.${runId}`,
  `xx.v1.events.local.${runId}`,
  `cd.v1.other.local.${runId}`,
  `cd.v1.constructor.local.${runId}`,
  `cd.v1.events.local.${runId}.more`,
  `cd.v1.events.*.${runId}`,
  "cd.v1.events.local.*",
  "cd.v1.events.local.>",
  `cd.v1.events..${runId}`,
  `cd.v1.events.LOCAL.${runId}`,
  `cd.v1.events.local.${runId}\n`,
])("%j is not a run's subject", (subject) => {
  expect(parseSubject(subject)).toBeUndefined();
});

test("no text makes taking a subject apart fail", () => {
  fc.assert(fc.property(fc.string(), (text) => parseSubject(text) === undefined));
});

test("one wildcard covers a cluster, or all of them, and never a second channel", () => {
  expect(buildWildcard("events", "local")).toBe("cd.v1.events.local.*");
  expect(buildWildcard("logs")).toBe("cd.v1.logs.*.*");
});

test("a resource's key names driver and resource", () => {
  expect(buildResourceKey({ driver: "container", guresid: "abc" })).toBe("container.abc");
});
