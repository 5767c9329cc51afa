/** `npm run keys:rotate`: makes new keys in two steps, so that everybody who has to know a key knows it before the first message under it. */
import { resolve } from "node:path";
import type { Step } from "./broker-files.ts";
import { prepareCluster, prepareFrontDoor, useCluster, useFrontDoor } from "./key-rotation.ts";
import { withLock } from "./lock.ts";
import { hasChanged, readClusterName, runScript, showSteps } from "./run-script.ts";

/** Whose keys: how to make new ones known, and how to put them in use. */
interface Rotation {
  prepare(): Promise<Step[]>;
  use(): Promise<Step[]>;
}

const rotateCluster = (directory: string, cluster: string): Rotation => ({
  prepare: () => prepareCluster(directory, cluster),
  use: () => useCluster(directory, cluster),
});

const rotateFrontDoor = (directory: string): Rotation => ({
  prepare: () => prepareFrontDoor(directory),
  use: () => useFrontDoor(directory),
});

const help = `New keys in two steps, so that everybody who has to know a key knows it before the first message under it:

    npm run keys:rotate -- prepare --cluster <name>
    npm run keys:rotate -- use --cluster <name>

    --cluster <name>    a cluster's, to which requests are sealed
    --front-door        the front doors' own, in its place
    --directory <path>  where the files are                     (.local)

docs/broker.md says who is given which file between the two.`;

const options = {
  cluster: { type: "string" },
  "front-door": { type: "boolean", default: false },
  directory: { type: "string", default: ".local" },
} as const;

await runScript({ help, options, allowPositionals: true }, async ({ values, positionals: [verb] }) => {
  if (verb !== "prepare" && verb !== "use") throw new Error("Cannot rotate keys: say prepare or use");
  const { cluster } = values;
  if ((cluster === undefined) !== values["front-door"])
    throw new Error(`Cannot ${verb} keys: say --cluster <name> or --front-door, one of the two`);
  const directory = resolve(values.directory);
  const rotation =
    cluster === undefined ? rotateFrontDoor(directory) : rotateCluster(directory, readClusterName(cluster));
  const steps = await withLock(directory, () => rotation[verb]());
  showSteps(steps);
  if (verb === "use" && !hasChanged(steps)) console.log("The newest keys were in use already: prepare makes new ones");
});
