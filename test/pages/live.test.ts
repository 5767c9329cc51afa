/** A run's page while the run goes on, on a server as a user starts it; and while that is stopped and started again. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startNatsServer, type NatsServer } from "../nats/server.ts";
import { findFreePort } from "../runtimes/free-port.ts";
import { startChromium } from "../support/chromium.ts";
import { createDriverClient, createGuresid } from "../support/driver-client.ts";
import { buildScriptRequest } from "../support/script-request.ts";
import { readRunId } from "../support/story.ts";
import { startStandaloneProcess, type StandaloneProcess } from "../support/standalone-process.ts";
import { createTemporaryDirectory, type TemporaryDirectory } from "../support/temporary-directory.ts";
import { visit } from "./browser-stage.ts";

let browser: Browser;
let nats: NatsServer;
let directory: TemporaryDirectory;
let server: StandaloneProcess;
let port: number;

const start = () => startStandaloneProcess({ directory: directory.path, port, environment: { NATS_URL: nats.url } });

beforeAll(async () => {
  [browser, nats, directory, port] = await Promise.all([
    startChromium(),
    startNatsServer(),
    createTemporaryDirectory(),
    findFreePort(),
  ]);
  server = await start();
}, 180_000);
afterAll(async () => {
  await Promise.allSettled([browser?.close(), server?.stop()]);
  await nats?.close();
  await directory?.remove();
});

/** Counts until a file is there. */
const count = (flag: string) =>
  `i=0; while [ ! -e ${flag} ]; do i=$((i+1)); echo "line $i"; sleep 0.05; done; echo "last $i"; echo '{"url": "x"}' > "$OUTPUTS_FILE"`;

const readState = (page: Page) => page.locator("#stream-state").innerText();
const countLines = async (page: Page) =>
  Number.parseInt((await page.locator(".log-count").innerText()).replaceAll(",", ""), 10);

/** All lines, a screen at a time. */
async function readLog(page: Page): Promise<string[]> {
  const lines = new Map<number, string>();
  const view = page.locator(".log-view");
  const height = await view.evaluate((element) => element.scrollHeight);
  for (let at = 0; at <= height; at += 300) {
    await view.evaluate((element, at) => element.scrollTo(0, at), at);
    await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
    for (const row of await page.locator(".log-row").allInnerTexts()) {
      const [, number, text = ""] = /^(\d+)\s+([^]*)$/.exec(row) ?? [];
      lines.set(Number(number), text);
    }
  }
  return [...lines.keys()].sort((a, b) => a - b).map((number) => lines.get(number) ?? "");
}

describe("A run's page", () => {
  test("follows the run to its end, through the server's restart, without a line lost or doubled", async () => {
    const flag = join(directory.path, "end");
    const answer = await createDriverClient(server.url).put(createGuresid(), buildScriptRequest(count(flag)));
    const { page, problems } = await visit(browser, `${server.url}/runs/${readRunId(answer)}`);
    await expect.poll(() => page.locator(".run-head .badge").innerText()).toBe("Running");
    await expect.poll(() => countLines(page)).toBeGreaterThan(10);
    expect(await readState(page)).toBe("");

    await server.end("SIGTERM");
    await expect.poll(() => readState(page)).toContain("The connection is lost");
    const before = await countLines(page);
    server = await start();
    await expect.poll(() => readState(page)).toBe("Connected again.");
    await expect.poll(() => countLines(page), { timeout: 60_000 }).toBeGreaterThan(before + 5);

    await writeFile(flag, "");
    await expect.poll(() => page.locator(".run-head .badge").innerText(), { timeout: 60_000 }).toBe("Succeeded");
    await expect.poll(() => page.locator("[data-part=outputs]").innerText()).toContain("url");
    await expect.poll(() => page.locator(".log-row").last().innerText()).toContain("last ");
    const lines = await readLog(page);
    const last = Number(/^last (\d+)$/.exec(lines.at(-1) ?? "")?.[1]);
    expect(lines).toEqual([...Array.from({ length: last }, (_, i) => `line ${i + 1}`), `last ${last}`]);
    expect(problems).toEqual([]);
  });
});
