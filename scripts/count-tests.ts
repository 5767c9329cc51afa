/** Prints vitest's JSON reports as one line: `123 passed, 0 failed`. */
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

let [passed, failed, skipped] = [0, 0, 0];
for (const path of process.argv.slice(2)) {
  const parsed = parseJson(await readFile(path, "utf8"));
  const report = parsed.ok ? check(Report, parsed.value) : parsed;
  if (!report.ok) throw new Error(`Cannot read the test report ${path}: ${report.problem}`);
  const { numPassedTests, numFailedTests, numPendingTests, success } = report.value;
  passed += numPassedTests;
  // A file that can't be loaded fails the run without failing a test.
  failed += success ? numFailedTests : Math.max(numFailedTests, 1);
  skipped += numPendingTests;
}
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
