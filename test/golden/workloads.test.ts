/**
 * The Secret and the Job of every public use of the driver, compared as a whole. `npm run golden` writes the files anew.
 */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { mustBuild, runs } from "../../k8s-agent/job/workloads.fixture.ts";
import { listBreaches } from "../../k8s-agent/job/restricted.fixture.ts";

const folder = join(import.meta.dirname, "workloads");
const options = { aliasDuplicateObjects: false, lineWidth: 0 };

test.for(Object.entries(runs))("%s", async ([name, run]) => {
  const { secret, job, warnings } = mustBuild(run);
  const text = `${stringify(secret, options)}---\n${stringify(job, options)}`;
  const file = join(folder, `${name}.yaml`);
  if (process.env["GOLDEN"] === "renew") await writeFile(file, text);
  expect(text).toBe(await readFile(file, "utf8"));
  expect(warnings).toEqual([]);
});

test.for(Object.entries(runs))("%s passes Pod Security `restricted`", ([, run]) => {
  expect(listBreaches(mustBuild(run).job.spec?.template ?? {})).toEqual([]);
});

test("every file is compared with something", async () => {
  expect((await readdir(folder)).sort()).toEqual(Object.keys(runs).map((name) => `${name}.yaml`).sort());
});
