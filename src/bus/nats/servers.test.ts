import { describe, expect, test } from "vitest";
import { readServers } from "./servers.ts";

describe("NATS_URL", () => {
  test.each([
    ["nats://broker:4222", { servers: ["nats://broker:4222"], webSocket: false, settings: {} }],
    ["nats://a, nats://b:1", { servers: ["nats://a", "nats://b:1"], webSocket: false, settings: {} }],
    ["tls://broker", { servers: ["tls://broker"], webSocket: false, settings: { tls: {} } }],
    ["wss://broker/nats", { servers: ["wss://broker/nats"], webSocket: true, settings: {} }],
    ["ws://[::1]:9222", { servers: ["ws://[::1]:9222"], webSocket: true, settings: {} }],
    [
      "nats://me:p%40ss@broker",
      { servers: ["nats://broker"], webSocket: false, settings: { user: "me", pass: "p@ss" } },
    ],
  ])("%s says where, how and as whom", (text, value) => {
    expect(readServers(text)).toEqual({ ok: true, value });
  });

  test.each([
    ["", /must be nats:/],
    ["broker:4222", /must be nats:/],
    ["https://secret-word@broker", /must be nats:/],
    ["nats://", /must be nats:/],
    ["nats://a,wss://b", /several schemes \(nats: wss:\)/],
    ["nats://me:secret-word%zz@broker", /%25/],
  ])("%s is refused, and not repeated", (text, problem) => {
    const read = readServers(text);
    expect(read).toEqual({ ok: false, problem: expect.stringMatching(problem) });
    expect(JSON.stringify(read)).not.toContain("secret-word");
  });
});
