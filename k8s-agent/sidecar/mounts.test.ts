import { expect, test } from "vitest";
import { buildHelperCommand } from "./mounts.ts";

test("a helper is a program of the image's Node, by absolute paths: an image's PATH may be changed", () => {
  expect(buildHelperCommand("setup")).toEqual(["/usr/local/bin/node", "/app/setup.js"]);
  expect(buildHelperCommand("collector", "destroy")).toEqual(["/usr/local/bin/node", "/app/collector.js", "destroy"]);
});
