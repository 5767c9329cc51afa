/** The benchmark's section about clusters still works; how fast anything is isn't asserted, as machines are noisy. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { parseJson } from "../../src/contract/json.ts";

const main = fileURLToPath(new URL("../../scripts/bench/main.ts", import.meta.url));

test("a run is measured beside a bare Job", async () => {
  const args = [main, "--quick", "--json", "--only", "kubernetes"];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const row = (name: string) => ({
    name,
    spread: { median: expect.any(Number) },
    of: expect.stringContaining("against"),
  });
  expect(parseJson(stdout)).toMatchObject({
    ok: true,
    value: [{ rows: [row("PUT to main started"), row("main's exit to the answer")] }],
  });
});
