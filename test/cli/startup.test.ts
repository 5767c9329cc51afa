/** --help is there at once: nothing is loaded that it doesn't need. Counted, as machines' clocks tell little. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createTemporaryDirectory } from "../support/temporary-directory.ts";
import { runCommand } from "./command.ts";

const hook = `
import { registerHooks } from "node:module";
registerHooks({
  load(url, context, next) {
    process._rawDebug("loaded " + url);
    return next(url, context);
  },
});
`;

test("--help loads the commands' names, and none of what they do", async () => {
  const directory = await createTemporaryDirectory();
  try {
    const file = join(directory.path, "hook.mjs");
    await writeFile(file, hook);
    const { code, stdout, stderr } = await runCommand(["--help"], {
      environment: { NODE_OPTIONS: `--import=${file}` },
    });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Usage: container-driver .*conform/s);
    const loaded = [...stderr.matchAll(/^loaded (file:.*)$/gm)].map(([, url = ""]) => url);
    expect(loaded.filter((url) => !url.includes("/node_modules/commander/"))).toEqual([
      expect.stringMatching(/adapters\/cli\/main\.ts$/),
      expect.stringMatching(/adapters\/cli\/exit-codes\.ts$/),
      expect.stringMatching(/adapters\/cli\/program\.ts$/),
      expect.stringMatching(/adapters\/node\/version\.ts$/),
      expect.stringMatching(/\/package\.json$/),
    ]);
  } finally {
    await directory.remove();
  }
});
