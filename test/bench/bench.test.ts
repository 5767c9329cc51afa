/** `npm run bench -- --quick` still works; how fast anything is isn't asserted, as machines are noisy. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import * as v from "valibot";
import { expect, test } from "vitest";
import { check } from "../../src/contract/decode.ts";
import { parseJson } from "../../src/contract/json.ts";
import { renderDocument, replaceSections } from "../../scripts/bench/render.ts";
import { buildRatio } from "../../scripts/bench/report.ts";

const main = fileURLToPath(new URL("../../scripts/bench/main.ts", import.meta.url));
const positive = v.pipe(v.number(), v.finite(), v.gtValue(0));
const Report = v.object({
  title: v.string(),
  text: v.string(),
  rows: v.pipe(
    v.array(
      v.object({
        name: v.string(),
        unit: v.string(),
        spread: v.object({ min: positive, median: positive, max: positive }),
        of: v.optional(v.string()),
      }),
    ),
    v.minLength(1),
  ),
});

test("every section measures something", { timeout: 240_000 }, async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [main, "--quick", "--json"], {
    // The cluster's section has a test of its own, in test/cluster.
    env: { ...process.env, KUBECONFIG: "" },
  });
  const parsed = parseJson(stdout);
  const reports = parsed.ok ? check(v.array(Report), parsed.value) : parsed;
  if (!reports.ok) throw new Error(reports.problem);
  expect(reports.value.map(({ title, rows }) => [title, rows.length])).toEqual([
    ["Front door: authentication and validation", 4],
    ["PUT to 202 for new resources", 2],
    ["PUT to launched", 1],
    ["Runs through one agent", 1],
    ["Memory per concurrent run, at 200 runs", 2],
    ["Logs: redaction and publishing", 2],
    ["A log's line to its subscriber", 4],
    ["200 viewers of one run beside one", 8],
    ["First byte of /runs after 2,000 runs", 1],
  ]);
  for (const { rows } of reports.value)
    for (const { spread } of rows)
      expect([spread.min, spread.median, spread.max]).toEqual(
        [spread.min, spread.median, spread.max].toSorted((a, b) => a - b),
      );
});

test("a section that there isn't is refused before anything is measured, with those that there are", async () => {
  const outcome = promisify(execFile)(process.execPath, [main, "--quick", "--only", "logs", "--only", "no-such"]);
  await expect(outcome).rejects.toMatchObject({
    code: 1,
    stdout: "",
    stderr: expect.stringMatching(
      /^Cannot measure no-such: the sections are front-door, placing, .*run-lists[^\n]*\n$/,
    ),
  });
});

test("a ratio is one of each round's figures, with its spread, and the document says whether the aim was met", () => {
  const row = buildRatio(
    "x",
    [
      [10, 30, 20],
      [10, 10, 10],
    ],
    { unit: "ms", aim: { kind: "at most", value: 1.5 } },
  );
  expect(row.spread).toEqual({ min: 1, median: 2, max: 3 });
  const document = renderDocument([{ title: "T", text: "Text.", rows: [row] }], ["2 cores"]);
  expect(document).toContain("| x | **2.00** | 1.00 to 3.00 | 20.0 against 10.0 ms | at most 1.5: not met |");
  expect(document).toContain("- 2 cores");
});

test("a section that is measured anew takes the old one's place; a new one comes last", () => {
  const measure = (title: string, value: number) => ({
    title,
    text: "Text.",
    rows: [buildRatio("x", [[value], [1]], { unit: "ms" })],
    load: 4,
  });
  const document = renderDocument([measure("A", 1), measure("B", 2)], ["2 cores"]);
  const updated = replaceSections(document, [measure("A", 5), measure("C", 3)]);
  expect([...updated.matchAll(/^## (.*)$/gm)].map(([, title]) => title)).toEqual(["The machine", "A", "B", "C"]);
  expect([...updated.matchAll(/^\| x \| \*\*(.*?)\*\*/gm)].map(([, figure]) => figure)).toEqual([
    "5.00",
    "2.00",
    "3.00",
  ]);
  expect(updated).toContain("Load average over the five minutes before its end: 4.0.");
});
