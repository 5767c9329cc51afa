/** What runs tell that are Kubernetes Jobs, and what they don't. */
import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { setStage } from "../cases/stage.ts";
import { describeStories } from "../cases/stories.ts";
import { createGuresid } from "../support/driver-client.ts";
import { buildScriptRequest } from "../support/script-request.ts";
import { readEvents, readRunId } from "../support/story.ts";
import { waitUntil } from "../support/wait-until.ts";
import { startClusterServer } from "./support/case-server.ts";

describeStories("The standalone server on Kubernetes", startClusterServer, { launcher: "kubernetes" });

describe("A secret", () => {
  const getStage = setStage(startClusterServer);

  it("is in no object of the cluster but its run's Secret, and in that one's data alone; nothing of a run stays", async () => {
    const { driver, server } = getStage();
    const { core, batch, namespace } = server.stage;
    const canary = `canary-${randomBytes(9).toString("hex")}`;
    const witness = await server.createWitness();
    const request = buildScriptRequest(
      `echo here > ${witness.path}/here; while [ ! -e ${witness.path}/leave ]; do sleep 0.1; done; echo "$TOKEN" >&2
       echo "$TOKEN" > "$ERROR_FILE"; exit 1`,
      { secrets: { job: { variables: { TOKEN: canary } }, files: { "a.txt": canary }, account: { key: canary } } },
    );
    const guresid = createGuresid();
    const placed = await driver.put(guresid, request);
    await witness.await("here", { seconds: 60 });
    const list = async () => ({
      jobs: (await batch.listNamespacedJob({ namespace })).items,
      pods: (await core.listNamespacedPod({ namespace })).items,
      events: (await core.listNamespacedEvent({ namespace })).items,
    });
    const secrets = (await core.listNamespacedSecret({ namespace })).items.filter(({ data }) => data?.["key"]);
    expect(secrets).toHaveLength(1);
    const words = [canary, Buffer.from(canary).toString("base64").slice(0, 24)];
    const during = JSON.stringify(await list());
    await witness.write("leave");
    const events = await readEvents(server.bus, { cluster: server.cluster, runId: readRunId(placed) });
    const after = JSON.stringify([await list(), events, server.ownLog()]);
    for (const word of words) expect(`${during}${after}`).not.toContain(word);
    expect(during).toContain(readRunId(placed));
    const isGone = async () => {
      const { jobs, pods } = await list();
      return jobs.length + pods.length === 0;
    };
    await waitUntil("nothing of the run is left", isGone, { seconds: 60 });
  });
});
