import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { defaultResources } from "../../k8s-agent/job/resources.ts";
import { buildRunWith, buildWith } from "../../k8s-agent/job/workloads.fixture.ts";
import { limits } from "../../src/contract/limits.ts";

const text = await readFile(new URL("../../docs/pod-template.md", import.meta.url), "utf8");
const [before = "", refused = ""] = text.split("## What is refused");
const examples = [...before.matchAll(/```yaml\n([^]*?)```/g)].map(([, yaml = ""]) => yaml);
const rows = [...refused.matchAll(/^\| `([^`]+)`/gm)].map(([, yaml = ""]) => yaml);

const problemOf = (pod_template: string) => {
  const built = buildWith(buildRunWith({ pod_template }));
  return built.ok ? "" : built.problem;
};

test("docs/pod-template.md has examples and a table", () => {
  expect(examples.length).toBeGreaterThanOrEqual(5);
  expect(rows.length).toBeGreaterThanOrEqual(25);
});

test.for(examples)("the example is taken: %s", (yaml) => {
  expect(problemOf(yaml)).toBe("");
});

test.for(rows)("the row is refused, with the path of one field: %s", (yaml) => {
  expect(problemOf(yaml)).toMatch(
    /^Cannot use driver\.values\.job\.pod_template: (spec|metadata)\.[^;]*(; it allows \w+)?$/,
  );
});

test("the defaults are those of the code, and so are the limits", () => {
  for (const [name, request] of Object.entries(defaultResources.requests)) {
    expect(before).toMatch(new RegExp(`\\| \`${name}\` +\\| ${request} +\\| ${defaultResources.limits[name]} +\\|`));
  }
  expect(refused).toContain(`${limits.podTemplateBytes / 1024} KiB`);
  expect(refused).toContain(limits.podTemplateValues.toLocaleString("en"));
});
