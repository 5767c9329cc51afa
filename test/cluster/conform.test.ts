/** The command line's conform, with an image, in the cluster that `KUBECONFIG` points at. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runCommand } from "../cli/command.ts";
import { createTemporaryDirectory, type TemporaryDirectory } from "../support/temporary-directory.ts";
import { openClusterStage, type ClusterStage } from "./support/cluster-stage.ts";
import { helperImage, mainImage } from "./support/helper-pod.ts";

let stage: ClusterStage;
let directory: TemporaryDirectory;

beforeAll(async () => {
  [stage, directory] = await Promise.all([openClusterStage(), createTemporaryDirectory()]);
});
afterAll(async () => {
  await stage?.close();
  await directory?.remove();
});

const script = `
set -eu
touch /probe 2>&1 || true
[ "$ACTION" = create ] || exit 0
grep -q name "$RESOURCE_INPUTS_FILE" || { echo "a name is missing" > "$ERROR_FILE"; exit 1; }
echo '{"host": "a"}' > "$OUTPUTS_FILE"
`;

test("an image is held against the contract as a run's Job, and nothing of it is left", async () => {
  const file = join(directory.path, "request.json");
  const values = { files: { "run.sh": script } };
  await writeFile(file, JSON.stringify({ type: "example", resource: { name: "a" }, driver: { values } }));
  const args = ["conform", mainImage, "-f", file, "--json", "--verbose", "--timeout", "120", "--", "/bin/sh", "run.sh"];
  const { code, stdout, stderr } = await runCommand(args, {
    environment: {
      KUBECONFIG: process.env["KUBECONFIG"] ?? "",
      NAMESPACE: stage.namespace,
      HELPER_IMAGE: helperImage,
    },
    seconds: 230,
  });
  const { checks } = JSON.parse(stdout) as { checks: { name: string; outcome: string }[] };
  expect(checks.filter(({ outcome }) => outcome !== "passed").map(({ name }) => name)).toEqual(["an update succeeds"]);
  expect(code).toBe(0);
  // Create and destroy on a read-only root; before them others as the agent makes them.
  expect(stderr.match(/Read-only file system/g)?.length).toBeGreaterThanOrEqual(2);
  const { items } = await stage.batch.listNamespacedJob({ namespace: stage.namespace });
  expect(items.filter(({ metadata }) => metadata?.deletionTimestamp === undefined)).toEqual([]);
});
