/** Keys are replaced on either side while runs are queued, under way, and recorded for a later destroy. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test, type TestContext } from "vitest";
import { stringifyJson } from "../../src/contract/json.ts";
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
} from "../../src/sealing/key-files.ts";
import { createGuresid, readValues, type DriverClient } from "../support/driver-client.ts";
import { buildScriptRequest } from "../support/script-request.ts";
import { readRunId } from "../support/story.ts";
import { awaitInShell, type Witness } from "../support/witness.ts";
import { awaitEvent, waitUntilIdle } from "./run-story.ts";
import { cluster, openStage, timeout, type Stage } from "./stage.ts";

/** Tells the witness what it does and that it has its secret; waits for the witness if it is to. */
function buildRequest({ path }: Witness, label: string, waits = false) {
  const script = `
    echo "${label} $ACTION $WORD" >> ${path}/steps
    ${waits ? `echo here > ${path}/${label}.here; ${awaitInShell(`${path}/${label}.go`)}` : ""}
    echo '{"label": "${label}"}' > "$OUTPUTS_FILE"`;
  return buildScriptRequest(script, { secrets: { job: { variables: { WORD: `secret-of-${label}` } } } });
}

interface Resource {
  readonly guresid: string;
  readonly label: string;
  readonly request: ReturnType<typeof buildRequest>;
}

/** Front doors and agents with the keys that the test gives them. */
async function arrange(context: TestContext) {
  const stage = await openStage(context);
  const directory = join(stage.directory, "keys");
  await mkdir(directory);
  let files = 0;
  const write = async (content: unknown) => {
    const path = join(directory, `${files++}.json`);
    await writeFile(path, stringifyJson(content), { mode: 0o600 });
    return path;
  };
  const createResource = (label: string, waits = false): Resource => ({
    guresid: createGuresid(),
    label,
    request: buildRequest(stage.witness, label, waits),
  });
  return {
    stage,
    createResource,
    startFrontDoor: (keys: FrontDoorKeyFile, clusterKeys: ClusterKeyFile) =>
      stage.startFrontDoor({
        environment: {
          FRONT_DOOR_KEYS: stringifyJson(keys),
          CLUSTERS: stringifyJson({ [cluster]: { key: getClusterPublicJwk(clusterKeys) } }),
        },
      }),
    /** One run at a time, so that the next one is queued. */
    startAgent: async (keys: ClusterKeyFile, trusted: readonly FrontDoorKeyFile[]) =>
      stage.startAgent({
        environment: {
          CAPACITY: "1",
          CLUSTER_KEYS_FILE: await write(keys),
          TRUSTED_FRONT_DOORS_FILE: await write(trusted.map(getFrontDoorPublicJwk)),
        },
      }),
  };
}

/** A resource of each kind: one is there, one is being made, one waits for its turn. */
async function placeAll(
  stage: Stage,
  driver: DriverClient,
  createResource: (label: string, waits?: boolean) => Resource,
) {
  const [done, running, queued] = [createResource("done"), createResource("running", true), createResource("queued")];
  await expectOutputs(driver, done);
  const runId = readRunId(await driver.put(running.guresid, running.request));
  await stage.witness.await("running.here");
  const waiting = await driver.put(queued.guresid, queued.request);
  expect(waiting.status).toBe(202);
  return { done, running, queued, runId };
}

async function expectOutputs(driver: DriverClient, { guresid, label, request }: Resource): Promise<void> {
  expect(readValues(await driver.provision(guresid, request))).toEqual({ label });
}

/** All that was placed ends well through a front door, each run once, and can be destroyed; new ones can be made. */
async function expectAllWell(
  stage: Stage,
  driver: DriverClient,
  { done, running, queued, fresh }: Record<"done" | "running" | "queued" | "fresh", Resource>,
): Promise<void> {
  await stage.witness.write("running.go");
  const all = [done, running, queued, fresh];
  for (const resource of all) await expectOutputs(driver, resource);
  for (const { guresid } of all) expect((await driver.destroy(guresid)).status).toBe(204);
  await waitUntilIdle(stage);
  const steps = (await stage.witness.read("steps")).trim().split("\n");
  const expected = ["create", "destroy"].flatMap((action) =>
    all.map(({ label }) => `${label} ${action} secret-of-${label}`),
  );
  expect(steps.sort()).toEqual(expected.sort());
}

describe("runs in flight outlive", { timeout }, () => {
  test("new keys of the front door, once the agent trusts both", async (context) => {
    const { stage, createResource, startFrontDoor, startAgent } = await arrange(context);
    const clusterKeys = await generateClusterKeys();
    const before = await generateFrontDoorKeys();
    const after = rotateRunSecret(await rotateSigningKey(before));
    const [old] = await Promise.all([startFrontDoor(before, clusterKeys), startAgent(clusterKeys, [before, after])]);
    const { runId: _, ...placed } = await placeAll(stage, old.driver, createResource);
    await old.kill();
    const { driver } = await startFrontDoor(after, clusterKeys);
    await expectAllWell(stage, driver, { ...placed, fresh: createResource("fresh") });
  });

  test("new keys of the cluster, once its agent has both", async (context) => {
    const { stage, createResource, startFrontDoor, startAgent } = await arrange(context);
    const frontDoor = await generateFrontDoorKeys();
    const before = await generateClusterKeys();
    const after = await rotateClusterKeys(before);
    const [old, oldAgent] = await Promise.all([startFrontDoor(frontDoor, before), startAgent(before, [frontDoor])]);
    const { runId, ...placed } = await placeAll(stage, old.driver, createResource);
    // First the agent gets the new one beside the old one, then the front door seals to it.
    await Promise.all([oldAgent.kill("SIGTERM"), startAgent(after, [frontDoor])]);
    await awaitEvent(stage, runId, "adopted");
    await old.kill();
    const { driver } = await startFrontDoor(frontDoor, after);
    await expectAllWell(stage, driver, { ...placed, fresh: createResource("fresh") });
  });
});
