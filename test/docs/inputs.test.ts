/** docs/inputs.md has every field of a request and every limit, with the figures that the code has. */
import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { volumeSizes } from "../../k8s-agent/job/resources.ts";
import { shortestSecret } from "../../k8s-agent/redact/secrets.ts";
import { containerDriver } from "../../src/catalog/container/container.ts";
import { buildEnvironment } from "../../src/contract/container/environment.ts";
import { defaultSharedDirectory } from "../../src/contract/container/variables.ts";
import { check } from "../../src/contract/decode.ts";
import { InputData } from "../../src/contract/driver-api/input-data.ts";
import { isJsonObject, parseJson, type JsonObject } from "../../src/contract/json.ts";
import { limits } from "../../src/contract/limits.ts";

const page = await readFile(new URL("../../docs/inputs.md", import.meta.url), "utf8");
const sections = new Map(page.split(/^## /m).map((text) => [text.split("\n", 1)[0] ?? "", text]));
const section = (title: string) => sections.get(title) ?? `no section ${title}`;

/** What stands in the first column of a section's table. */
const listRows = (title: string) => [...section(title).matchAll(/^\| `([a-z_.]+)` /gm)].map(([, name = ""]) => name);

/** The row of a table that begins like this, with single spaces. */
function findRow(title: string, beginning: string): string {
  const rows = section(title).replaceAll(/ +/g, " ").split("\n");
  return rows.find((row) => row.startsWith(`| ${beginning}`)) ?? `no row ${beginning}`;
}

/** The fields of a JSON Schema that hold something themselves, by their paths. */
function listFields(schema: unknown, path: readonly string[] = []): { path: string; description: unknown }[] {
  if (!isJsonObject(schema)) return [];
  const { properties, description } = schema;
  if (!isJsonObject(properties)) return [{ path: path.join("."), description }];
  return Object.entries(properties).flatMap(([name, inner]) => listFields(inner, [...path, name]));
}

const { values, secrets } = containerDriver.inputsSchema["properties"] as JsonObject;

/** The words in which a limit's row begins, and its figure there; undefined: nobody outside has to do with it. */
const figures: Record<keyof typeof limits, [row: string, figure: string] | undefined> = {
  requestBodyBytes: ["a request's body", `${limits.requestBodyBytes / 1024} KiB`],
  outputsBytes: ["outputs, secret outputs and manifests", `${limits.outputsBytes / 1024} KiB`],
  jsonDepth: ["nesting", `${limits.jsonDepth} levels`],
  envelopeDepth: undefined,
  errorTextBytes: ["a failure's message", `${limits.errorTextBytes / 1024} KiB`],
  warnings: ["warnings of a run", `${limits.warnings},`],
  warningLength: ["warnings of a run", `${limits.warningLength.toLocaleString("en")} characters`],
  logLineBytes: ["a line of a log", `${limits.logLineBytes / 1024} KiB`],
  announcementBytes: undefined,
  announcements: undefined,
  logTailBytes: ["of these, the end of the log", `${limits.logTailBytes / 1024} KiB`],
  bearerTokenBytes: ["the header `Authorization`", `${limits.bearerTokenBytes / 1024} KiB`],
  cookieBytes: ["the orchestrator's cookie", `fewer than ${limits.cookieBytes.toLocaleString("en")} bytes`],
  logChunkBytes: ["one chunk of a log", `${limits.logChunkBytes / 1024} KiB`],
  logChunkMilliseconds: ["how long what main prints", `${limits.logChunkMilliseconds} ms`],
  files: ["`files`", `${limits.files}`],
  checkoutBytes: ["a git checkout", `${limits.checkoutBytes / 1024 ** 3} GiB`],
  checkoutSeconds: ["a git checkout", `${limits.checkoutSeconds / 60} minutes`],
  podTemplateBytes: ["a pod template", `${limits.podTemplateBytes / 1024} KiB`],
  podTemplateValues: ["a pod template", `${limits.podTemplateValues.toLocaleString("en")} values`],
  argumentBytes: ["one variable", `${limits.argumentBytes / 1024} KiB`],
  secretBytes: ["what a run's Secret", `${limits.secretBytes / 1024 ** 2} MiB`],
  waitSeconds: ["`Prefer: wait`", `${limits.waitSeconds} seconds`],
  timeoutSeconds: ["`timeout`", `${limits.timeoutSeconds / 3600} hours`],
  defaultTimeoutSeconds: ["`timeout`", `${limits.defaultTimeoutSeconds / 3600} hour `],
  requestDays: ["waiting in the queue", `${limits.requestDays} days`],
  guresidLength: ["the resource's id", `${limits.guresidLength} characters`],
};

describe("docs/inputs.md", () => {
  test.each([
    ["values", values],
    ["secrets", secrets],
  ])("has every field of driver.%s and no other; the published schema explains each", (part, schema) => {
    const fields = listFields(schema);
    expect(listRows(`\`driver.${part}\``).toSorted()).toEqual(fields.map(({ path }) => path).toSorted());
    for (const { path, description } of fields) expect(description, path).toMatch(/^\S.{10,}[^.]$/);
  });

  test.each(Object.entries(figures).flatMap(([name, row]) => (row === undefined ? [] : [[name, ...row] as const])))(
    "has the limit %s",
    (_, row, figure) => {
      expect(findRow("Limits", row)).toContain(figure);
    },
  );

  test("says the lengths that the schema has, and the defaults", () => {
    const lengths = [...JSON.stringify(values).matchAll(/"maxLength":(\d+)/g)].map(([, length]) => Number(length));
    expect(lengths.length).toBeGreaterThanOrEqual(5);
    for (const length of lengths) expect(section("`driver.values`")).toContain(length.toLocaleString("en"));
    const timeout = findRow("`driver.values`", "`timeout`");
    expect(timeout).toContain(`| ${limits.defaultTimeoutSeconds} (an hour) | 1 to ${limits.timeoutSeconds} (a day)`);
    expect(findRow("`driver.values`", "`job.shared_directory`")).toContain(`| \`${defaultSharedDirectory}\` |`);
    expect(page).toContain(`A secret of fewer than ${shortestSecret} characters`);
    expect(page).toContain(`the shared directory holds ${volumeSizes.shared.replace("Gi", " GiB")}`);
  });

  test("its request is taken, and makes of its credentials what it says", () => {
    const [, json = ""] = /```json\n([^]*?)```/.exec(page) ?? [];
    const [, shown = ""] = /<!-- example: credentials -->\s+```text\n([^]*?)\n```/.exec(page) ?? [];
    const parsed = parseJson(json);
    const data = parsed.ok ? check(InputData, parsed.value) : parsed;
    const wanted = data.ok ? containerDriver.toWanted(data.value) : data;
    if (!wanted.ok) throw new Error(wanted.problem);
    const paths = { sharedDirectory: defaultSharedDirectory, exchangeDirectory: "/exchange" };
    const { secret } = buildEnvironment("create", wanted.value.inputs, paths);
    expect(Object.entries(secret).map(([name, value]) => `${name}=${value}`)).toEqual(shown.split("\n"));
  });
});
