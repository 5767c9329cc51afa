import { beforeAll, describe, expect, test } from "vitest";
import { parseJson, type JsonValue } from "../contract/json.ts";
import { computeFingerprint, matchesFingerprint } from "./fingerprint.ts";
import { generateFrontDoorKeys, rotateRunSecret, type FrontDoorKeyFile } from "./key-files.ts";
import { importFrontDoorKeys, RunSecretMissing, type FrontDoorKeys } from "./keys.ts";
import { take } from "./sealing.fixture.ts";

let file: FrontDoorKeyFile;
let keys: FrontDoorKeys;

beforeAll(async () => {
  file = await generateFrontDoorKeys();
  keys = take(await importFrontDoorKeys(file));
});

const read = (text: string): JsonValue => take(parseJson(text));
const same = async (a: string, b: string) => matchesFingerprint(read(b), await computeFingerprint(read(a), keys), keys);

describe("fingerprints", () => {
  test.each([
    ['{"a":1,"b":{"c":[1,2],"d":null}}', '{"b": {"d": null, "c": [1, 2]}, "a": 1}'],
    ['"\\u00e9"', '"é"'],
    ["9007199254740993", "9007199254740993"],
  ])("are equal for equal values: %s and %s", async (a, b) => {
    expect(await same(a, b)).toBe(true);
  });

  test.each([
    ['{"a":1}', '{"a":2}'],
    ['{"a":1}', '{"a":"1"}'],
    ['{"a":[1,2]}', '{"a":[2,1]}'],
    ['{"a":null}', "{}"],
    ["9007199254740993", "9007199254740992"],
    ['{"a":{"b":1}}', '{"a":{},"b":1}'],
  ])("differ for different values: %s and %s", async (a, b) => {
    expect(await same(a, b)).toBe(false);
  });

  test("can't be guessed without the secret", async () => {
    const other = take(await importFrontDoorKeys(await generateFrontDoorKeys()));
    const [id, mac] = (await computeFingerprint("password", keys)).split(".");
    expect(mac).toHaveLength(43);
    expect(await computeFingerprint("password", other)).not.toContain(mac);
    expect(id).toBe(keys.runSecrets[0].id);
  });

  test("made with an old secret still match after a new one is in use", async () => {
    const old = await computeFingerprint({ a: 1 }, keys);
    const rotated = take(await importFrontDoorKeys(rotateRunSecret(file)));
    expect(await computeFingerprint({ a: 1 }, rotated)).not.toBe(old);
    expect(await matchesFingerprint({ a: 1 }, old, rotated)).toBe(true);
    expect(await matchesFingerprint({ a: 2 }, old, rotated)).toBe(false);
  });

  test("made with a secret that is not here can't be compared", async () => {
    const old = await computeFingerprint({ a: 1 }, keys);
    const other = take(await importFrontDoorKeys(await generateFrontDoorKeys()));
    await expect(matchesFingerprint({ a: 1 }, old, other)).rejects.toThrow(RunSecretMissing);
  });

  test("that are damaged match nothing, or name a secret that is not here", async () => {
    const whole = await computeFingerprint({ a: 1 }, keys);
    const [id = "", mac = ""] = whole.split(".");
    for (const damaged of [id, `${id}.`, whole.slice(0, -1), `${id}.${mac}=`, `${id}.é${mac}`])
      expect([damaged, await matchesFingerprint({ a: 1 }, damaged, keys)]).toEqual([damaged, false]);
    for (const damaged of ["", ".", mac, `${mac}.${id}`, `x${whole}`])
      await expect(matchesFingerprint({ a: 1 }, damaged, keys), damaged).rejects.toThrow(RunSecretMissing);
  });
});
