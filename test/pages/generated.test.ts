import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { buildPagesModule } from "../../scripts/build-pages.ts";

test("what browsers are served is what the sources make: npm run pages", async () => {
  const committed = join(import.meta.dirname, "../../src/pages/generated/assets.ts");
  expect(await readFile(committed, "utf8")).toBe(await buildPagesModule());
});
