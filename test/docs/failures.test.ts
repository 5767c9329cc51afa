/** docs/runs.md lists why runs fail, with the advice that people are shown elsewhere, and the codes of errors. */
import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { errorCodes, failureReasons } from "../../src/contract/errors.ts";
import { limits } from "../../src/contract/limits.ts";
import { adviseOn } from "../../src/runs/words/advice.ts";

const page = await readFile(new URL("../../docs/runs.md", import.meta.url), "utf8");

/** The cells of each row whose first one has such a name. */
const listRows = (name: RegExp) =>
  page
    .split("\n")
    .map((line) => line.split("|").map((cell) => cell.trim()))
    .filter(([, first = ""]) => name.test(first));

test("every reason is there once, and what to do about it is what is said elsewhere", () => {
  const rows = listRows(/^`[a-z-]+`$/).map(([, reason, , advice]) => [reason, advice]);
  expect(rows).toEqual(failureReasons.map((reason) => [`\`${reason}\``, adviseOn(reason)]));
});

test("every code is there once, with its status", () => {
  const rows = listRows(/^`RES-\d+`$/).map(([, code, status]) => [code, status]);
  expect(rows).toEqual(Object.entries(errorCodes).map(([code, { status }]) => [`\`${code}\``, String(status)]));
});

test("the figures in them are those of the code", () => {
  expect(page).toContain(`waited for more than ${limits.requestDays} days`);
  expect(page).toContain(`the body is over ${limits.requestBodyBytes / 1024} KiB`);
});
