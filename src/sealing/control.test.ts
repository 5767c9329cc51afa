import { CompactSign } from "jose";
import { describe, expect, test } from "vitest";
import { toPerson, type RunControl } from "../contract/control.ts";
import { encodeMessage } from "../contract/decode.ts";
import { signingAlgorithm, types } from "./algorithms.ts";
import { openControl, signControl } from "./control.ts";
import { address, buildOrder, createParties, findParts, otherRunId, spoil } from "./sealing.fixture.ts";
import { signCompact } from "./jws.ts";

const { frontDoor, agent } = await createParties();
const { signing } = frontDoor;
const control: RunControl = { v: 1, kind: "cancel", ...address, by: "alice", at: "2026-11-22T00:00:00.000Z" };
const open = (bytes: Uint8Array, at = address) => openControl(bytes, { trusted: agent.trusted, address: at });
const toBytes = (text: string) => new TextEncoder().encode(text);

async function getProblem(bytes: Uint8Array, at = address): Promise<string> {
  const opened = await open(bytes, at);
  if (opened.ok) expect.unreachable("it was opened");
  return opened.problem;
}

test("a control comes out as it was signed", async () => {
  expect(await open(await signControl(control, signing))).toEqual({ ok: true, value: control });
});

describe("a control is refused", () => {
  test("that was meant for another run, or for a run of another cluster", async () => {
    const bytes = await signControl(control, signing);
    for (const at of [
      { ...address, runId: otherRunId },
      { ...address, cluster: "other" },
    ])
      expect(await getProblem(bytes, at)).toBe(`it is for run ${address.runId} in cluster ${address.cluster}`);
  });

  test("that another front door has signed, whatever kid it names", async () => {
    const other = (await createParties()).frontDoor.signing;
    expect(await getProblem(await signControl(control, other))).toMatch(/a front door that this agent doesn't trust/);
    const forged = await signControl(control, { ...other, kid: signing.kid });
    expect(await getProblem(forged)).toMatch(/its signature is not that/);
  });

  test("of which anything was changed", async () => {
    const signed = new TextDecoder().decode(await signControl(control, signing));
    for (const { at } of findParts(signed)) expect((await open(toBytes(spoil(signed, at)))).ok).toBe(false);
  });

  test("that is something else which the front door has signed, such as an order", async () => {
    const order = encodeMessage(await buildOrder(frontDoor, "sealed"));
    for (const payload of [order, encodeMessage(control)])
      expect(await getProblem(toBytes(await signCompact(payload, types.signedOrder, signing)))).toBe(
        "what is signed is not a control",
      );
  });

  test("that asks for what this version doesn't know, or in whose name there is a line break", async () => {
    for (const changed of [{ kind: "pause" }, { v: 2 }, { by: "a\nb" }, { by: "" }, { runId: "*" }]) {
      const payload = encodeMessage({ ...control, ...changed });
      expect((await open(toBytes(await signCompact(payload, types.control, signing)))).ok).toBe(false);
    }
  });

  test("that isn't signed, or by an algorithm of its own choice", async () => {
    const header = { alg: "HS256", typ: types.control, kid: signing.kid };
    const symmetric = await new CompactSign(encodeMessage(control))
      .setProtectedHeader(header)
      .sign(toBytes("x".repeat(32)));
    const none = `${btoa(JSON.stringify({ ...header, alg: "none" }))}.${btoa(JSON.stringify(control))}.`;
    for (const text of [symmetric, none, "", "..", JSON.stringify(control)])
      expect((await open(toBytes(text))).ok).toBe(false);
    expect((await open(new Uint8Array([0xff, 0x00]))).ok).toBe(false);
    expect(signingAlgorithm).toBe("Ed25519");
  });
});

describe("a name", () => {
  test.each([
    ["alice", "alice"],
    ["  a\r\n\tb\u2028c\u0000 ", "a b c"],
    ["\n", "somebody without a name"],
    ["", "somebody without a name"],
    ["x".repeat(500), "x".repeat(200)],
  ])("%j becomes one line that can be signed", async (name, expected) => {
    expect(toPerson(name)).toBe(expected);
    expect((await open(await signControl({ ...control, by: toPerson(name) }, signing))).ok).toBe(true);
  });

  test("that is cut within a character can be signed all the same", async () => {
    const by = toPerson(`${"x".repeat(199)}😀`);
    expect((await open(await signControl({ ...control, by }, signing))).ok).toBe(true);
  });
});
