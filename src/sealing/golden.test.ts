/** Records keep sealed inputs and results for as long as a resource lives: what was sealed once must open for ever. */
import { expect, test } from "vitest";
import { check } from "../contract/decode.ts";
import { eventTypes } from "../contract/events.ts";
import { computeFingerprint } from "./fingerprint.ts";
import golden from "./golden.json" with { type: "json" };
import { ClusterKeyFile, FrontDoorKeyFile } from "./key-files.ts";
import { openRequest } from "./request.ts";
import { openResult } from "./result.ts";
import { deriveRunKey } from "./run-key.ts";
import { address, createParties, inputs, take } from "./sealing.fixture.ts";

// Keys that were made for this file and used nowhere else.
const request = { v: 1 as const, order: golden.request.order, inputs: golden.request.inputs };
const createGoldenParties = async () =>
  createParties({
    frontDoorFile: take(check(FrontDoorKeyFile, golden.frontDoor)),
    clusterFile: take(check(ClusterKeyFile, golden.cluster)),
  });

test("a request that version 1 sealed is opened", async () => {
  const { agent } = await createGoldenParties();
  const { order, inputs: opened } = take(await openRequest(request, { keys: agent, address }));
  expect(opened).toEqual(inputs);
  expect(order).toMatchObject({ action: "create", runKeyId: "s1", requestedAt: "2026-11-20T12:00:00.000Z" });
});

test("a result that version 1 sealed is opened", async () => {
  const { frontDoor } = await createGoldenParties();
  const expected = { ...address, type: eventTypes.succeeded, secrets: frontDoor.runSecrets };
  expect(take(await openResult(golden.result, expected))).toMatchObject({
    outputs: { values: { host: "db.example" } },
  });
});

// Both computed with another implementation of HKDF and HMAC.
test("keys of runs and fingerprints are those of version 1", async () => {
  const { frontDoor } = await createGoldenParties();
  expect(await deriveRunKey(frontDoor, address)).toEqual({
    id: "s1",
    key: "LpvOatrlgLnsa136fZFSmslRJAQnbN7vhNgA90EdO9A",
  });
  expect(await computeFingerprint({ b: [true, null], a: 1 }, frontDoor)).toBe(
    "s1.b33t1wo3NXgShxdVaKR0EmaG0nyyvq6UlUpQPDQKV8c",
  );
});
