/** Prints vitest's JSON report as one line: `123 passed, 0 failed`. */
import { readFile } from "node:fs/promises";
import * as v from "valibot";
import { check } from "../src/contract/decode.ts";
import { parseJson } from "../src/contract/json.ts";

const Report = v.object({
  numPassedTests: v.number(),
  numFailedTests: v.number(),
  numPendingTests: v.number(),
  success: v.boolean(),
});

const parsed = parseJson(await readFile(process.argv[2] ?? "", "utf8"));
const report = parsed.ok ? check(Report, parsed.value) : parsed;
if (!report.ok) throw new Error(`Cannot read the test report: ${report.problem}`);
const { numPassedTests, numFailedTests, numPendingTests, success } = report.value;
// A file that can't be loaded fails the run without failing a test.
const failed = success ? numFailedTests : Math.max(numFailedTests, 1);
console.log(`${numPassedTests} passed, ${failed} failed${numPendingTests > 0 ? `, ${numPendingTests} skipped` : ""}`);
