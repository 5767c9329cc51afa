import { beforeAll, describe, expect, test } from "vitest";
import { parseJson, stringifyJson } from "../contract/json.ts";
import {
  generateClusterKeys,
  generateFrontDoorKeys,
  getClusterPublicJwk,
  getFrontDoorPublicJwk,
  rotateClusterKeys,
  rotateRunSecret,
  rotateSigningKey,
  type ClusterKeyFile,
  type FrontDoorKeyFile,
} from "./key-files.ts";
import { importAgentKeys, importClusterPublicKey, importFrontDoorKeys } from "./keys.ts";
import { deriveRunKey } from "./run-key.ts";
import { address, otherRunId, take } from "./sealing.fixture.ts";

let frontDoor: FrontDoorKeyFile;
let cluster: ClusterKeyFile;

beforeAll(async () => {
  frontDoor = await generateFrontDoorKeys();
  cluster = await generateClusterKeys();
});

describe("key files", () => {
  test("survive being written and read", async () => {
    const [a, b] = [frontDoor, cluster].map((file) => take(parseJson(stringifyJson(file))));
    expect(take(await importFrontDoorKeys(a)).signing.kid).toBe(frontDoor.signing.kid);
    expect(take(await importAgentKeys(b, [getFrontDoorPublicJwk(frontDoor)])).trusted[0]?.kid).toBe(
      frontDoor.signing.kid,
    );
  });

  test("give public halves without the private part", () => {
    const [d, key] = [frontDoor.signing.d, cluster.keys[0]?.d ?? ""];
    expect(JSON.stringify(getFrontDoorPublicJwk(frontDoor))).not.toContain(d);
    expect(JSON.stringify(getClusterPublicJwk(cluster))).not.toContain(key);
    expect(key).toHaveLength(43);
  });

  test("become keys that can't be exported", async () => {
    const { signing, runSecrets } = take(await importFrontDoorKeys(frontDoor));
    const { decryption } = take(await importAgentKeys(cluster, []));
    expect([signing.key, runSecrets[0].key, decryption[0]?.key].map((key) => key?.extractable)).toEqual([
      false,
      false,
      false,
    ]);
  });

  test("a private key given where a public one belongs is used as the public one", async () => {
    expect(take(await importClusterPublicKey(cluster.keys[0])).key.type).toBe("public");
    expect(take(await importAgentKeys(cluster, [frontDoor.signing])).trusted[0]?.key.type).toBe("public");
  });

  test("are all different", async () => {
    const other = await generateFrontDoorKeys();
    expect(other.signing.d).not.toBe(frontDoor.signing.d);
    expect(other.runSecrets[0]).not.toEqual(frontDoor.runSecrets[0]);
  });

  test("rotation puts the new key first and keeps the others", async () => {
    expect((await rotateClusterKeys(cluster)).keys.slice(1)).toEqual(cluster.keys);
    expect(rotateRunSecret(frontDoor).runSecrets.slice(1)).toEqual(frontDoor.runSecrets);
    expect((await rotateSigningKey(frontDoor)).runSecrets).toEqual(frontDoor.runSecrets);
    expect((await rotateSigningKey(frontDoor)).signing.kid).not.toBe(frontDoor.signing.kid);
  });
});

describe("a key file is refused", () => {
  const cases: [string, (file: FrontDoorKeyFile) => unknown, RegExp][] = [
    ["nothing", () => undefined, /the body is missing/],
    ["another version", (file) => ({ ...file, v: 2 }), /v is a number, must be 1/],
    ["an unknown key", (file) => ({ ...file, extra: 1 }), /extra/],
    ["no private part", (file) => ({ ...file, signing: getFrontDoorPublicJwk(file) }), /signing.d is missing/],
    ["another curve", (file) => ({ ...file, signing: { ...file.signing, crv: "X25519" } }), /signing.crv/],
    [
      "another thumbprint",
      (file) => ({ ...file, signing: { ...file.signing, kid: "A".repeat(43) } }),
      /has the thumbprint/,
    ],
    ["no run secret", (file) => ({ ...file, runSecrets: [] }), /runSecrets must hold a secret/],
    ["a short run secret", (file) => ({ ...file, runSecrets: [{ id: "a", secret: "c2hvcnQ" }] }), /must be 32 bytes/],
    [
      "an id with a dot",
      (file) => ({ ...file, runSecrets: [{ id: "a.b", secret: "A".repeat(43) }] }),
      /runSecrets\[0\].id must be/,
    ],
    [
      "one id twice",
      (file) => ({ ...file, runSecrets: [...file.runSecrets, ...file.runSecrets] }),
      /must have distinct ids/,
    ],
  ];
  test.each(cases)("with %s", async (_, change, problem) => {
    const imported = await importFrontDoorKeys(change(frontDoor));
    expect(imported.ok ? "imported" : imported.problem).toMatch(problem);
    expect(imported.ok ? "" : imported.problem).not.toContain(frontDoor.signing.d);
  });

  test.each([{ v: 1, keys: [] }, { v: 1 }, [[]], "x", null])("of a cluster: %j", async (file) => {
    expect((await importAgentKeys(file, [])).ok).toBe(false);
  });

  test.each([{}, "x", null, { kty: "oct", k: "AAAA" }])("with a trusted key that is none: %j", async (jwk) => {
    expect((await importAgentKeys(cluster, [jwk])).ok).toBe(false);
    expect((await importClusterPublicKey(jwk)).ok).toBe(false);
  });

  test("when a signing key is given where a sealing key belongs", async () => {
    expect((await importClusterPublicKey(frontDoor.signing)).ok).toBe(false);
    expect((await importAgentKeys(cluster, [getClusterPublicJwk(cluster)])).ok).toBe(false);
  });
});

describe("run keys", () => {
  const fixed = { id: "s1", secret: "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8" };
  const keys = async (...runSecrets: { id: string; secret: string }[]) =>
    take(await importFrontDoorKeys({ ...frontDoor, runSecrets }));

  test("are the same again, on every runtime and in every version", async () => {
    expect(await deriveRunKey(await keys(fixed), address)).toEqual({
      id: "s1",
      key: "LpvOatrlgLnsa136fZFSmslRJAQnbN7vhNgA90EdO9A",
    });
  });

  test("differ by secret, run and cluster", async () => {
    const other = { id: "s2", secret: "A".repeat(43) };
    const derived = await Promise.all([
      deriveRunKey(await keys(fixed, other), address),
      deriveRunKey(await keys(other, fixed), address),
      deriveRunKey(await keys(fixed), { ...address, runId: otherRunId }),
      deriveRunKey(await keys(fixed), { ...address, cluster: "other" }),
    ]);
    expect(new Set(derived.map(({ key }) => key)).size).toBe(4);
    expect(derived.map(({ id }) => id)).toEqual(["s1", "s2", "s1", "s1"]);
  });
});
