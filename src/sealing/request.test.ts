import { CompactEncrypt, CompactSign, base64url, exportJWK, generateKeyPair } from "jose";
import { beforeAll, describe, expect, test } from "vitest";
import { encodeMessage } from "../contract/decode.ts";
import { parseJsonObject, stringifyJson } from "../contract/json.ts";
import { limits } from "../contract/limits.ts";
import type { RunOrder } from "../contract/run.ts";
import { generateClusterKeys, generateFrontDoorKeys, getClusterPublicJwk, getFrontDoorPublicJwk } from "./key-files.ts";
import { rotateClusterKeys, rotateSigningKey } from "./key-files.ts";
import { importAgentKeys, importClusterPublicKey, importFrontDoorKeys } from "./keys.ts";
import { digestInputs, openRequest, sealInputs, sealOrder } from "./request.ts";
import { address, buildOrder, canary, createParties, findParts, inputs, otherRunId } from "./sealing.fixture.ts";
import { sealRequest, spoil, take, type Parties } from "./sealing.fixture.ts";

let parties: Parties;
let request: Awaited<ReturnType<typeof sealRequest>>["request"];
let order: RunOrder;

beforeAll(async () => {
  parties = await createParties();
  ({ request, order } = await sealRequest(parties));
});

const open = (message = request, { keys = parties.agent, to = address } = {}) =>
  openRequest(message, { keys, address: to });

async function getProblem(...what: Parameters<typeof open>): Promise<string> {
  const opened = await open(...what);
  return opened.ok ? "opened" : opened.problem;
}

describe("a request", () => {
  test("comes out as it went in", async () => {
    expect(await open()).toEqual({ ok: true, value: { order, inputs } });
  });

  test("keeps the digits of numbers that JavaScript can't hold", async () => {
    const text = '{"big":9007199254740993,"one":1.0,"tiny":1e-400,"minus":-0}';
    const resource = take(parseJsonObject(text));
    const { request } = await sealRequest(parties, { ...inputs, resource });
    const opened = take(await open(request));
    expect(stringifyJson(opened.inputs.resource)).toBe(text);
  });

  test("shows nothing of its contents", () => {
    const message = new TextDecoder().decode(encodeMessage(request));
    const shown =
      message + [...message.matchAll(/[\w-]{16,}/g)].map(([part]) => new TextDecoder().decode(base64url.decode(part)));
    for (const secret of [canary, order.runKey, order.guresid, order.inputsDigest]) expect(shown).not.toContain(secret);
  });

  test("with a body at its limit fits into the broker's 1 MiB", async () => {
    const room = limits.requestBodyBytes - stringifyJson({ ...inputs, resource: { text: "" } }).length;
    const { request } = await sealRequest(parties, { ...inputs, resource: { text: "x".repeat(room) } });
    expect(encodeMessage(request).length).toBeLessThan(1024 ** 2 * 0.67);
    expect(take(await open(request)).inputs.resource["text"]).toHaveLength(room);
  });

  test("nested as deep as a body may be can be opened", async () => {
    const depth = limits.jsonDepth - 1;
    const resource = take(parseJsonObject(`{"a":${"[".repeat(depth)}${"]".repeat(depth)}}`));
    expect((await open((await sealRequest(parties, { ...inputs, resource })).request)).ok).toBe(true);
  });
});

describe("a request is refused", () => {
  test("when any part of the order was changed", async () => {
    for (const { part, at } of findParts(request.order)) {
      const problem = await getProblem({ ...request, order: spoil(request.order, at) });
      expect([part, problem]).toEqual([part, expect.stringMatching(/^Cannot open the order: /)]);
    }
  });

  test("when any single character of the order was changed", async () => {
    const accepted: number[] = [];
    for (let at = 0; at < request.order.length; at++) {
      const opened = await open({ ...request, order: spoil(request.order, at) });
      if (opened.ok) accepted.push(at);
    }
    expect(accepted).toEqual([]);
  });

  test("when any part of the inputs was changed; the order that goes with them is told", async () => {
    for (const { at } of findParts(request.inputs)) {
      expect(await open({ ...request, inputs: spoil(request.inputs, at) })).toEqual({
        ok: false,
        problem: "Cannot open the inputs: they are not those that the order names",
        order,
      });
    }
  });

  test("when the inputs are another run's", async () => {
    const { request: other } = await sealRequest(parties);
    expect(await getProblem({ ...request, inputs: other.inputs })).toBe(
      "Cannot open the inputs: they are not those that the order names",
    );
  });

  test.each([
    [{ ...address, runId: otherRunId }, `came as run ${otherRunId} in cluster local`],
    [{ ...address, cluster: "other" }, `came as run ${address.runId} in cluster other`],
  ])("when it is replayed on another subject: %o", async (to, problem) => {
    expect(await getProblem(request, { to })).toContain(problem);
  });

  test("by another cluster, which can't open it", async () => {
    const { agent } = await createParties({ frontDoorFile: parties.frontDoorFile });
    expect(await getProblem(request, { keys: agent })).toMatch(
      /^Cannot open the order: sealed to a key that this agent/,
    );
  });

  test("by another cluster that calls its key by this one's name", async () => {
    const { agent } = await createParties({ frontDoorFile: parties.frontDoorFile });
    const renamed = agent.decryption.map(({ key }) => ({ key, kid: parties.clusterKey.kid }));
    expect(await getProblem(request, { keys: { ...agent, decryption: renamed } })).toMatch(/changed on the way/);
  });

  test("when a front door that nobody trusts has signed it", async () => {
    const stranger = await createParties({ clusterFile: parties.clusterFile });
    const { request } = await sealRequest(stranger);
    expect(await getProblem(request)).toMatch(
      /signed by a front door that this agent doesn't trust; trusted: [\w-]{43}$/,
    );
  });

  test("when a stranger has signed it in the front door's name", async () => {
    const stranger = take(await importFrontDoorKeys(await generateFrontDoorKeys()));
    const signing = { kid: parties.frontDoor.signing.kid, key: stranger.signing.key };
    const sealed = await sealOrder(order, { signing, clusterKey: parties.clusterKey });
    expect(await getProblem({ ...request, order: sealed })).toMatch(/its signature is not that of the front door/);
  });

  test("when nobody is trusted", async () => {
    expect(await getProblem(request, { keys: { ...parties.agent, trusted: [] } })).toMatch(/trusted: none$/);
  });

  test("when inputs and order are swapped", async () => {
    expect(await getProblem({ v: 1, order: request.inputs, inputs: request.order })).toMatch(/its header doesn't say/);
  });

  test("when it is cut off anywhere", async () => {
    for (let length = 0; length < request.order.length; length += 7) {
      expect((await open({ ...request, order: request.order.slice(0, length) })).ok).toBe(false);
    }
  });

  test.each([
    "",
    ".",
    "....",
    "a.b.c.d.e",
    "{}",
    "\0",
    "é".repeat(1000),
    "x".repeat(8 * 1024 ** 2),
    ".".repeat(1024 ** 2),
  ])("when it is nonsense (%#)", async (nonsense) => {
    expect((await open({ ...request, order: nonsense })).ok).toBe(false);
    expect((await open({ ...request, inputs: nonsense })).ok).toBe(false);
  });

  test("when what the order holds is not an order of this version", async () => {
    const unsound = { ...order, v: 2 } as unknown as RunOrder;
    const sealed = await sealOrder(unsound, { signing: parties.frontDoor.signing, clusterKey: parties.clusterKey });
    expect(await getProblem({ ...request, order: sealed })).toBe("Cannot open the order: v is a number, must be 1");
  });

  test("when the inputs are unsound, without telling a value", async () => {
    const unsound = { ...inputs, values: { job: { image: "x", [canary]: canary, command: canary } } };
    const { request } = await sealRequest(parties, unsound as unknown as typeof inputs);
    const problem = await getProblem(request);
    expect(problem).toContain("values.job.command is a string, must be a list");
    expect(problem.replace(`values.job.${canary} is not known here`, "")).not.toContain(canary);
  });
});

/** What somebody who knows the cluster's public key, but not the front door's private one, can make. */
describe("a forged order is refused", () => {
  const encode = (text: string) => new TextEncoder().encode(text);
  const sealText = async (text: string, header: Record<string, unknown> = {}) =>
    new CompactEncrypt(encode(text))
      .setProtectedHeader({
        alg: "ECDH-ES",
        enc: "A256GCM",
        typ: "container-driver-order",
        kid: parties.clusterKey.kid,
        ...header,
      })
      .encrypt(parties.clusterKey.key);
  const signedHeader = () => ({ typ: "container-driver-signed-order", kid: parties.frontDoor.signing.kid });
  const publicBytes = () => base64url.decode(getFrontDoorPublicJwk(parties.frontDoorFile).x);
  const sign = async (header: Record<string, string>, key: Parameters<CompactSign["sign"]>[0]) =>
    new CompactSign(encodeMessage(order)).setProtectedHeader({ alg: "HS256", ...signedHeader(), ...header }).sign(key);

  test("when it isn't signed", async () => {
    expect(await getProblem({ ...request, order: await sealText(stringifyJson(order)) })).toBe(
      "Cannot open the order: it is not signed",
    );
  });

  test.each(["none", "None", "NONE", ""])("with alg %j and no signature", async (alg) => {
    const unsigned = `${base64url.encode(JSON.stringify({ ...signedHeader(), alg }))}.${base64url.encode(encodeMessage(order))}.`;
    expect(await getProblem({ ...request, order: await sealText(unsigned) })).toMatch(/its signature is not that/);
  });

  test("with the public key as an HMAC secret", async () => {
    const forged = await sealText(await sign({ alg: "HS256" }, publicBytes()));
    expect(await getProblem({ ...request, order: forged })).toMatch(/its signature is not that/);
  });

  test("with the front door's own signature under the algorithm's other name", async () => {
    const signed = await sign({ alg: "EdDSA" }, parties.frontDoor.signing.key);
    expect(await getProblem({ ...request, order: await sealText(signed) })).toMatch(/its signature is not that/);
  });

  test("with an embedded key", async () => {
    const { privateKey, publicKey } = await generateKeyPair("Ed25519");
    const jwk = await exportJWK(publicKey);
    const signed = await new CompactSign(encodeMessage(order))
      .setProtectedHeader({ ...signedHeader(), alg: "Ed25519", jwk })
      .sign(privateKey);
    expect(await getProblem({ ...request, order: await sealText(signed) })).toMatch(/its signature is not that/);
  });

  test("when the front door signed it as something else", async () => {
    const signed = await new CompactSign(encodeMessage(order))
      .setProtectedHeader({ ...signedHeader(), alg: "Ed25519", typ: "other" })
      .sign(parties.frontDoor.signing.key);
    expect(await getProblem({ ...request, order: await sealText(signed) })).toMatch(/what is signed is not an order/);
  });

  test.each([
    ["alg", "ECDH-ES+A256KW"],
    ["enc", "A128GCM"],
    ["enc", "A256CBC-HS512"],
    ["typ", "container-driver-inputs"],
    ["zip", "DEF"],
  ])("with another %s in its header: %s", async (parameter, value) => {
    const signed = await new CompactSign(encodeMessage(order))
      .setProtectedHeader({ ...signedHeader(), alg: "Ed25519" })
      .sign(parties.frontDoor.signing.key);
    expect((await open({ ...request, order: await sealText(signed) })).ok).toBe(true);
    expect(await getProblem({ ...request, order: await sealText(signed, { [parameter]: value }) })).toMatch(
      /its header/,
    );
  });

  test("when it is sealed under a key that everybody knows", async () => {
    const header = { alg: "dir", enc: "A256GCM", typ: "container-driver-order", kid: parties.clusterKey.kid };
    const sealed = await new CompactEncrypt(encode("x")).setProtectedHeader(header).encrypt(new Uint8Array(32));
    expect(await getProblem({ ...request, order: sealed })).toMatch(/its header doesn't say alg ECDH-ES/);
  });
});

describe("keys can be changed while runs are under way", () => {
  test("the cluster's: requests sealed to the old key and to the new one are opened", async () => {
    const clusterFile = await rotateClusterKeys(parties.clusterFile);
    const rotated = await createParties({ frontDoorFile: parties.frontDoorFile, clusterFile });
    expect(rotated.clusterKey.kid).not.toBe(parties.clusterKey.kid);
    expect((await open(request, { keys: rotated.agent })).ok).toBe(true);
    expect((await open((await sealRequest(rotated)).request, { keys: rotated.agent })).ok).toBe(true);
  });

  test("the cluster's: a new order goes with inputs that were sealed to the old key months ago", async () => {
    const clusterFile = await rotateClusterKeys(parties.clusterFile);
    const { agent, clusterKey, frontDoor } = await createParties({ frontDoorFile: parties.frontDoorFile, clusterFile });
    const destroy = { ...(await buildOrder(frontDoor, request.inputs)), action: "destroy" as const };
    const sealed = await sealOrder(destroy, { signing: frontDoor.signing, clusterKey });
    expect(take(await open({ ...request, order: sealed }, { keys: agent })).order.action).toBe("destroy");
  });

  test("the cluster's: without the old key, what was sealed to it is refused with the keys that there are", async () => {
    const { agent, clusterKey } = await createParties({ frontDoorFile: parties.frontDoorFile });
    expect(await getProblem(request, { keys: agent })).toMatch(new RegExp(`it has: ${clusterKey.kid}$`));
  });

  test("the front door's: agents that trust both obey both", async () => {
    const frontDoorFile = await rotateSigningKey(parties.frontDoorFile);
    const frontDoors = [frontDoorFile, parties.frontDoorFile].map(getFrontDoorPublicJwk);
    const agent = take(await importAgentKeys(parties.clusterFile, frontDoors));
    const rotated = await createParties({ frontDoorFile, clusterFile: parties.clusterFile });
    expect((await open(request, { keys: agent })).ok).toBe(true);
    expect((await open((await sealRequest(rotated)).request, { keys: agent })).ok).toBe(true);
    expect((await open(request, { keys: rotated.agent })).ok).toBe(false);
  });
});

test("the digest of sealed inputs is SHA-256 in base64url", async () => {
  expect(await digestInputs("abc")).toBe("ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
});

test("the same inputs are sealed differently each time", async () => {
  const key = take(await importClusterPublicKey(getClusterPublicJwk(await generateClusterKeys())));
  expect(await sealInputs(inputs, key)).not.toBe(await sealInputs(inputs, key));
});
