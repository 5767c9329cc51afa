import { CompactEncrypt, base64url, decodeProtectedHeader } from "jose";
import { beforeAll, describe, expect, test } from "vitest";
import { encodeMessage } from "../contract/decode.ts";
import { buildRunEvent, eventTypes, type RunResult } from "../contract/events.ts";
import { parseJsonObject, stringifyJson } from "../contract/json.ts";
import { limits } from "../contract/limits.ts";
import type { RunOrder } from "../contract/run.ts";
import { rotateRunSecret } from "./key-files.ts";
import { openResult, sealResult } from "./result.ts";
import { address, buildOrder, canary, createParties, findParts, otherRunId, spoil, take } from "./sealing.fixture.ts";
import type { Parties } from "./sealing.fixture.ts";

const type = eventTypes.succeeded;
const result: RunResult = {
  kind: "succeeded",
  outputs: {
    values: { host: "db.example" },
    secrets: { password: canary },
    manifests: [{ location: "namespace", data: { a: canary } }],
  },
};

let parties: Parties;
let order: RunOrder;
let sealed: string;

beforeAll(async () => {
  parties = await createParties();
  order = await buildOrder(parties.frontDoor, "sealed inputs");
  sealed = await sealResult(result, { ...order, type });
});

const open = (text = sealed, expected: Partial<Parameters<typeof openResult>[1]> = {}) =>
  openResult(text, { ...address, type, secrets: parties.frontDoor.runSecrets, ...expected });

async function getProblem(...what: Parameters<typeof open>): Promise<string> {
  const opened = await open(...what);
  return opened.ok ? "opened" : opened.problem;
}

describe("a result", () => {
  test.each<RunResult>([
    result,
    {
      kind: "succeeded",
      outputs: result.kind === "succeeded" ? result.outputs : never(),
      commit: "c0ffee",
      unchanged: true,
    },
    { kind: "failed", failure: { reason: "exit-code", message: "exit code 3", evidence: { exitCode: 3 } } },
    { kind: "cancelled", failure: { reason: "cancelled", message: "stopped by a person" } },
  ])("comes out as it went in: $kind", async (one) => {
    const kind = one.kind;
    const text = await sealResult(one, { ...order, type: eventTypes[kind] });
    expect(await open(text, { type: eventTypes[kind] })).toEqual({ ok: true, value: one });
  });

  test("keeps the digits of numbers that JavaScript can't hold", async () => {
    const text = '{"big":123456789012345678901234567890,"one":1.0,"huge":1e999}';
    const outputs = { values: take(parseJsonObject(text)), secrets: {}, manifests: [] };
    const opened = take(await open(await sealResult({ kind: "succeeded", outputs }, { ...order, type })));
    expect(stringifyJson(opened.kind === "succeeded" ? opened.outputs.values : undefined)).toBe(text);
  });

  test("shows nothing of its contents, and neither key nor secret", () => {
    const parts = sealed.split(".").map((part) => new TextDecoder().decode(base64url.decode(part)));
    const secrets = parties.frontDoorFile.runSecrets.map(({ secret }) => secret);
    for (const secret of [canary, order.runKey, ...secrets])
      expect([sealed, ...parts].join("\n")).not.toContain(secret);
  });

  test("with outputs at their limit fits, in its event, into the broker's 1 MiB", async () => {
    const values = { text: "x".repeat(limits.outputsBytes - 20) };
    const big = await sealResult(
      { kind: "succeeded", outputs: { values, secrets: {}, manifests: [] } },
      { ...order, type },
    );
    const { driver, guresid, action } = order;
    const event = buildRunEvent(
      "succeeded",
      { ...address, driver, guresid, type: "postgres", action, phase: "succeeded", sealed: big },
      { id: "x".repeat(64), source: `/clusters/${"x".repeat(63)}/agents/${"x".repeat(63)}`, time: new Date(0) },
    );
    expect(encodeMessage(event).length).toBeLessThan(1024 ** 2 * 0.84);
    expect((await open(big)).ok).toBe(true);
  });

  test("nested as deep as an outputs file may be can be opened", async () => {
    const depth = limits.jsonDepth - 1;
    const values = take(parseJsonObject(`{"a":${"[".repeat(depth)}${"]".repeat(depth)}}`));
    const outputs = { values, secrets: {}, manifests: [{ location: "cluster" as const, data: values }] };
    expect((await open(await sealResult({ kind: "succeeded", outputs }, { ...order, type }))).ok).toBe(true);
  });
});

describe("a result is refused", () => {
  test("when any part was changed", async () => {
    for (const { part, at } of findParts(sealed)) {
      expect([part, (await open(spoil(sealed, at))).ok]).toEqual([part, false]);
    }
  });

  test("when any single character was changed", async () => {
    const accepted: number[] = [];
    for (let at = 0; at < sealed.length; at++) if ((await open(spoil(sealed, at))).ok) accepted.push(at);
    expect(accepted).toEqual([]);
  });

  test("when it is cut off anywhere", async () => {
    for (let length = 0; length < sealed.length; length++) expect((await open(sealed.slice(0, length))).ok).toBe(false);
  });

  test("as another run's", async () => {
    expect(await getProblem(sealed, { runId: otherRunId })).toBe(
      `Cannot open the result of run ${otherRunId}: it is another run's, or was changed on the way`,
    );
  });

  test("as another cluster's", async () => {
    expect(await getProblem(sealed, { cluster: "other" })).toMatch(/it is another run's, or was changed/);
  });

  test("as another end", async () => {
    expect(await getProblem(sealed, { type: eventTypes.failed })).toMatch(
      `it was not sealed as the run.failed.v1 of run ${address.runId} in cluster local`,
    );
  });

  test("by another front door", async () => {
    const { frontDoor } = await createParties();
    expect(await getProblem(sealed, { secrets: frontDoor.runSecrets })).toMatch(
      /sealed with a run secret that is not here/,
    );
    const renamed = frontDoor.runSecrets.map(({ key }) => ({ key, id: order.runKeyId }));
    expect(await getProblem(sealed, { secrets: renamed })).toMatch(/it is another run's, or was changed/);
  });

  test("when the run's own key sealed it under the name of another run or cluster", async () => {
    for (const claim of [{ runId: otherRunId }, { cluster: "other" }, { type: eventTypes.cancelled }]) {
      const forged = await sealResult(result, { ...order, type, ...claim });
      expect((await open(forged)).ok).toBe(false);
      expect((await open(forged, claim)).ok).toBe("type" in claim);
    }
  });

  test.each([
    ["alg", { alg: "ECDH-ES" }],
    ["alg", { alg: "A256KW" }],
    ["enc", { enc: "A128GCM" }],
    ["enc", { enc: "A256CBC-HS512" }],
    ["typ", { typ: "container-driver-inputs" }],
    ["zip", { zip: "DEF" }],
    ["crit", { crit: ["exp"], exp: 1 }],
    ["kid", { kid: 7 }],
  ])("with another %s in its header", async (_, change) => {
    const [, ...rest] = sealed.split(".");
    const header = { ...decodeProtectedHeader(sealed), ...change };
    expect((await open([base64url.encode(JSON.stringify(header)), ...rest].join("."))).ok).toBe(false);
  });

  test("when it is compressed, even under the run's own key", async () => {
    const header = { alg: "dir", enc: "A256GCM", typ: "container-driver-result", kid: order.runKeyId, zip: "DEF" };
    const bound = { ...header, ...address, event: type };
    const zipped = await new CompactEncrypt(encodeMessage(result))
      .setProtectedHeader(bound)
      .encrypt(base64url.decode(order.runKey));
    expect(await getProblem(zipped)).toMatch(/its header is not ours: zip/);
  });

  test("when it is not a result, without telling what it is", async () => {
    const unsound = {
      kind: "succeeded",
      outputs: { values: canary, secrets: {}, manifests: [] },
    } as unknown as RunResult;
    const problem = await getProblem(await sealResult(unsound, { ...order, type }));
    expect(problem).toContain("outputs.values is a string, must be an object");
    expect(problem).not.toContain(canary);
  });

  test.each(["", "....", "a.b.c.d.e", "\0", "x".repeat(8 * 1024 ** 2), ".".repeat(1024 ** 2)])(
    "when it is nonsense (%#)",
    async (text) => {
      expect((await open(text)).ok).toBe(false);
    },
  );
});

describe("run secrets can be changed while runs are under way", () => {
  test("results under the old secret and under the new one are opened", async () => {
    const rotated = await createParties({ frontDoorFile: rotateRunSecret(parties.frontDoorFile) });
    const { runSecrets } = rotated.frontDoor;
    expect((await open(sealed, { secrets: runSecrets })).ok).toBe(true);
    const newer = await buildOrder(rotated.frontDoor, "sealed inputs");
    expect(newer.runKeyId).not.toBe(order.runKeyId);
    expect((await open(await sealResult(result, { ...newer, type }), { secrets: runSecrets })).ok).toBe(true);
  });

  test("once the old secret is gone, its results are refused with the ones that are known", async () => {
    const [newest] = rotateRunSecret(parties.frontDoorFile).runSecrets;
    const { frontDoor } = await createParties({
      frontDoorFile: { ...parties.frontDoorFile, runSecrets: newest === undefined ? [] : [newest] },
    });
    expect(await getProblem(sealed, { secrets: frontDoor.runSecrets })).toMatch(new RegExp(`known: ${newest?.id}$`));
  });
});

function never(): never {
  throw new Error("the example result has outputs");
}
