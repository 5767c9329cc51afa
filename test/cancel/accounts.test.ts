/** A cancel on its way through a broker with an account for each cluster, with the credentials that programs have there. */
import { join } from "node:path";
import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { readClusterKeys, readFrontDoorKeys } from "../../adapters/node/local-files.ts";
import { demand } from "../../adapters/node/run.ts";
import { getBrokerPaths } from "../../scripts/broker-files.ts";
import { getClusterPaths, trustFrontDoor } from "../../scripts/cluster-files.ts";
import { hubApiPrefix } from "../../src/bus/nats/access/grants.ts";
import { createNatsBus } from "../../src/bus/nats/nats-bus.ts";
import { BusUnavailable } from "../../src/bus/port.ts";
import { createCancel } from "../../src/runs/cancel.ts";
import { signControl } from "../../src/sealing/control.ts";
import { getFrontDoorPublicJwk } from "../../src/sealing/key-files.ts";
import { importFrontDoorKeys } from "../../src/sealing/keys.ts";
import { startProgram, type Program } from "../faults/program.ts";
import { openBrokerStage } from "../permissions/broker-stage.ts";
import { createDriverClient, createGuresid, readMessage } from "../support/driver-client.ts";
import { buildScriptRequest } from "../support/script-request.ts";
import { readRunId } from "../support/story.ts";
import { createTemporaryDirectory } from "../support/temporary-directory.ts";
import { createLocalWitness } from "../support/witness.ts";

const cluster = "local";

test(
  "front doors cancel runs, agents hear of their own cluster's only, and can ask for nothing themselves",
  { timeout: 120_000 },
  async ({ onTestFinished }) => {
    const broker = await openBrokerStage("newest");
    onTestFinished(() => broker.close());
    await broker.addCluster(cluster);
    const { path: directory, remove } = await createTemporaryDirectory();
    onTestFinished(() => remove());
    const witness = await createLocalWitness(join(directory, "witnesses"));
    const paths = getBrokerPaths(broker.directory);
    const start = async (
      name: "node" | "agent",
      environment: Record<string, string>,
      ready: RegExp,
    ): Promise<Program> => {
      const program = await startProgram(name, {
        directory,
        environment: { NATS_URL: broker.server.url, ...environment },
        ready,
      });
      onTestFinished(() => program.kill());
      return program;
    };
    const local = join(directory, ".local");
    const frontDoorKeys = await readFrontDoorKeys(local);
    await readClusterKeys(local, cluster);
    await trustFrontDoor(local, { cluster, key: getFrontDoorPublicJwk(frontDoorKeys) });
    const door = { NATS_CREDENTIALS: paths.credentials("front-door"), PORT: "0" };
    const frontDoor = await start("node", door, /listens on http:/);
    const driver = createDriverClient(/listens on (http:\S+)/.exec(frontDoor.output())?.[1] ?? "");
    const agentEnvironment = {
      NATS_CREDENTIALS: getClusterPaths(broker.directory, cluster).credentials,
      NATS_API_PREFIX: hubApiPrefix,
      RUNS_DIRECTORY: join(directory, "runs"),
      GRACE_SECONDS: "1",
    };
    await start("agent", agentEnvironment, /The agent takes requests/);

    const keys = demand(await importFrontDoorKeys(frontDoorKeys));
    const bus = createNatsBus({ connection: await broker.connectAs("front-door"), ownsConnection: true });
    onTestFinished(() => bus.close());
    const { cancelRun } = createCancel({ bus, keys, now: () => new Date() });
    const guresid = createGuresid();
    const request = buildScriptRequest(`echo begun > ${witness.path}/begun; while :; do sleep 0.1; done`);
    const runId = readRunId(await driver.put(guresid, request));
    await witness.await("begun");

    // Even with the front door's key an agent's credentials ask for nothing.
    const agentBus = createNatsBus({
      connection: await broker.connectAs({ cluster }),
      ownsConnection: true,
      apiPrefix: hubApiPrefix,
    });
    onTestFinished(() => agentBus.close());
    const control = { v: 1, kind: "cancel", cluster, runId, by: "an agent", at: new Date().toISOString() } as const;
    const forged = agentBus.controls.append({ cluster, runId }, await signControl(control, keys.signing), {
      id: randomUUID(),
      after: 0,
    });
    await expect(forged).rejects.toThrow(BusUnavailable);
    expect(await bus.controls.last({ cluster, runId })).toBeUndefined();

    expect((await cancelRun({ cluster, runId }, { by: "alice" })).kind).toBe("asked");
    const answer = await driver.provision(guresid, request);
    expect([answer.status, readMessage(answer)]).toEqual([400, "Cancelled by alice"]);
  },
);
