import { expect, test } from "vitest";
import { createParties } from "./sealing.fixture.ts";
import { openSession, sealSession, type Session } from "./session.ts";

const { frontDoor: keys } = await createParties();
const { frontDoor: others } = await createParties();
const session: Session = { v: 1, kind: "token", name: "alice", basis: "ab".repeat(32), until: 1_800_000_000_000 };

test("a session comes out as it went in, also after a new secret", async () => {
  const text = await sealSession(session, keys);
  expect(await openSession(text, keys)).toEqual({ ok: true, value: session });
  const rotated = { runSecrets: [others.runSecrets[0], ...keys.runSecrets] as const };
  expect(await openSession(text, rotated)).toEqual({ ok: true, value: session });
  expect(text).not.toContain("alice");
  expect(text.length).toBeLessThan(600);
});

test.for<[what: string, change: (text: string) => string]>([
  ["another character", (text) => text.slice(0, -3) + (text.at(-3) === "A" ? "B" : "A") + text.slice(-2)],
  ["a part less", (text) => text.split(".").slice(1).join(".")],
  ["nothing", () => ""],
  ["a JWT without a signature", () => "eyJhbGciOiJub25lIn0.e30."],
])("with %s it is refused", async ([, change]) => {
  expect((await openSession(change(await sealSession(session, keys)), keys)).ok).toBe(false);
});

test("what another front door has sealed is refused, and so is what was sealed for something else", async () => {
  expect((await openSession(await sealSession(session, others), keys)).ok).toBe(false);
  const [head = "", ...rest] = (await sealSession(session, keys)).split(".");
  const header = JSON.parse(Buffer.from(head, "base64url").toString());
  const changed = Buffer.from(JSON.stringify({ ...header, typ: "container-driver-result" })).toString("base64url");
  expect((await openSession([changed, ...rest].join("."), keys)).ok).toBe(false);
});
