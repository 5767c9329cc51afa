import { mkdtemp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { stringifyJson } from "../../../src/contract/json.ts";
import { decodeSetupReport } from "../messages/setup-report.ts";
import { carryOutSetup, type SetupSurroundings } from "./carry-out-setup.ts";

const canary = "canary-Pa55word";
let root = "";
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), "carry-out-setup-"));
  for (const name of ["shared", "exchange", "scratch"]) await mkdir(path.join(root, name));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const at = (...parts: string[]) => path.join(root, ...parts);
const inputs = (values: object = {}, secrets: object = {}) => ({
  type: "a-type",
  resource: { size: 3 },
  values: { job: { image: "x", shared_directory: at("shared") }, ...values },
  secrets,
});

async function setUpWith(spec: unknown, changed: Partial<SetupSurroundings> = {}) {
  const lines: string[] = [];
  await writeFile(at("spec.json"), typeof spec === "string" ? spec : stringifyJson(spec));
  const exitCode = await carryOutSetup({
    specFile: at("spec.json"),
    reportFile: at("report"),
    sharedDirectory: at("shared"),
    exchangeDirectory: at("exchange"),
    scratchDirectory: at("scratch"),
    termination: new AbortController().signal,
    log: (line) => lines.push(line),
    ...changed,
  });
  const report = decodeSetupReport(await readFile(at("report"), "utf8"));
  if (!report.ok) throw new Error(report.problem);
  return { exitCode, report: report.value, log: lines.join("\n") };
}

describe("setup", () => {
  test("sets up what it is told, and reports that main may run", async () => {
    const spec = { inputs: inputs({ files: { "a.txt": "text" } }), order: {}, newer: "ignored" };
    expect(await setUpWith(spec)).toEqual({ exitCode: 0, report: {}, log: "All is set up" });
    expect(await readFile(at("shared", "a.txt"), "utf8")).toBe("text");
    expect(await readFile(at("exchange", "resource-inputs.json"), "utf8")).toBe('{"size":3}');
    expect(await readdir(at("scratch"))).toEqual([]);
  });

  test("says what is wrong without any secret of the run, in its report and in its log", async () => {
    const source = { url: "https://127.0.0.1:1/app", ref: `x-${canary}-y` };
    const spec = { inputs: inputs({ source }, { job: { variables: { TOKEN: canary } } }), order: {} };
    const { exitCode, report, log } = await setUpWith(spec);
    expect(exitCode).toBe(1);
    expect(report.problem).toMatch(/^Cannot check out .* at x-\*+-y: the host can't be reached/);
    expect(log).toBe(report.problem);
    expect(log).not.toContain(canary);
    expect(await readdir(at("scratch"))).toEqual([]);
  });

  test.each([
    ["nothing", "", "not JSON: it is empty"],
    ["half of it", '{"inputs":{', "it ends in the middle of a value"],
    ["something else", '{"inputs":"canary-Pa55word","order":{}}', "inputs is a string, must be an object"],
  ])("that is told %s says so, without quoting it", async (_, spec, problem) => {
    const { exitCode, report } = await setUpWith(spec);
    expect([exitCode, report.problem]).toEqual([1, expect.stringContaining(problem)]);
    expect(report.problem).not.toContain(canary);
  });

  test("whose spec isn't there, or that can't write, reports it", async () => {
    const spec = { inputs: inputs(), order: {} };
    const missing = await setUpWith(spec, { specFile: at("nowhere") });
    expect(missing.report.problem).toMatch(/^Cannot set up: ENOENT/);
    const unwritable = await setUpWith(spec, { exchangeDirectory: at("nowhere") });
    expect([unwritable.exitCode, unwritable.report.problem]).toEqual([1, expect.stringMatching(/ENOENT/)]);
    const scratchless = await setUpWith(spec, { scratchDirectory: at("nowhere") });
    expect(scratchless.exitCode).toBe(1);
  });

  test("that is stopped ends with 1, and leaves no credential", async () => {
    const termination = AbortSignal.abort(new Error("stopped by SIGTERM"));
    const { exitCode, report } = await setUpWith({ inputs: inputs({ files: { a: "" } }), order: {} }, { termination });
    expect([exitCode, report]).toEqual([1, { problem: "Cannot set up: stopped by SIGTERM" }]);
    expect(await readdir(at("scratch"))).toEqual([]);
  });
});
