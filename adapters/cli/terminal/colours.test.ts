import { expect, test } from "vitest";
import { wantsColour } from "./colours.ts";

test.for<[option: boolean, isTerminal: boolean, environment: Record<string, string>, wanted: boolean]>([
  [true, true, {}, true],
  [true, false, {}, false],
  [false, true, { FORCE_COLOR: "1" }, false],
  [true, true, { NO_COLOR: "1" }, false],
  [true, true, { NO_COLOR: "" }, true],
  [true, true, { NO_COLOR: "1", FORCE_COLOR: "1" }, false],
  [true, false, { FORCE_COLOR: "1" }, true],
  [true, true, { FORCE_COLOR: "0" }, false],
  [true, true, { TERM: "dumb" }, false],
])("--color %j, on a terminal %j, with %j: %j", ([option, isTerminal, environment, wanted]) => {
  expect(wantsColour({ option, isTerminal, environment })).toBe(wanted);
});
