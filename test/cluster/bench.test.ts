/** The benchmark's section about clusters still works; how fast anything is isn't asserted, as machines are noisy. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { parseJson } from "../../src/contract/json.ts";

const main = fileURLToPath(new URL("../../scripts/bench/main.ts", import.meta.url));

async function measure(section: string): Promise<unknown> {
  const args = [main, "--quick", "--json", "--only", section];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return parseJson(stdout);
}

const row = (name: unknown) => ({
  name,
  spread: { median: expect.any(Number) },
  of: expect.stringContaining("against"),
});

test("a run is measured beside a bare Job", async () => {
  expect(await measure("kubernetes")).toMatchObject({
    ok: true,
    value: [{ rows: [row("PUT to main started"), row("main's exit to the answer")] }],
  });
});

test("a line on its way to a subscriber is measured beside whoever follows the pod itself", async () => {
  expect(await measure("line-latency-in-cluster")).toMatchObject({
    ok: true,
    value: [{ rows: ["p50", "p99", "p50", "p99"].map((name) => row(expect.stringContaining(`${name}, against `))) }],
  });
});
