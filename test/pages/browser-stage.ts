/** A browser before a front door of this process, whose bus the test writes to. */
import { createHash } from "node:crypto";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { serveApp, type Served } from "../../adapters/node/serve.ts";
import { createMemoryBus } from "../../src/bus/memory/memory-bus.ts";
import { createConsoleLogger } from "../../src/log.ts";
import { parseAuthenticationConfig } from "../../src/middleware/authenticate/config.ts";
import { createGates } from "../../src/middleware/authenticate/gates.ts";
import { createParties } from "../../src/sealing/sealing.fixture.ts";
import { openStage } from "../runs/stage.ts";
import { startChromium } from "../support/chromium.ts";

export interface BrowserStage {
  readonly url: string;
  /** Of a front door that takes tokens; `token` is one of them. */
  readonly guarded: { readonly url: string; readonly token: string };
  readonly write: Awaited<ReturnType<typeof openStage>>["write"];
  readonly bus: ReturnType<typeof createMemoryBus>;
  open(path: string, options?: BrowserContextOptions): Promise<Visit>;
  close(): Promise<void>;
}

/** A page, and everything that went wrong on it. */
export interface Visit {
  readonly page: Page;
  /** Errors, and what the content security policy has stopped. */
  readonly problems: string[];
  leave(): Promise<void>;
}

const token = "a-token-of-this-test";

export async function openBrowserStage(): Promise<BrowserStage> {
  const bus = createMemoryBus({ maxLogBytes: 512 * 1024 ** 2 });
  const [browser, stage, guarded] = await Promise.all([startChromium(), openStage({ bus }), openGuardedStage(bus)]);
  const served = await serve(stage.app);
  const servedGuarded = await serve(guarded.app);
  return {
    url: served.url,
    guarded: { url: servedGuarded.url, token },
    write: stage.write,
    bus,
    open: (path, options) => visit(browser, new URL(path, served.url).href, options),
    async close() {
      await browser.close();
      await Promise.all([served.close(), servedGuarded.close()]);
    },
  };
}

function serve(app: Parameters<typeof serveApp>[0]): Promise<Served> {
  return serveApp(app, { host: "127.0.0.1", port: 0 });
}

async function openGuardedStage(bus: ReturnType<typeof createMemoryBus>) {
  const now = () => new Date();
  const logger = createConsoleLogger({ write: () => undefined, now, level: "silent" });
  const sha256 = createHash("sha256").update(token).digest("hex");
  const config = parseAuthenticationConfig({ tokens: [{ name: "alice", sha256 }] });
  if (!config.ok) throw new Error(config.problem);
  const { frontDoor: keys } = await createParties();
  const gates = await createGates(config.value, { logger, now, keys });
  if (!gates.ok) throw new Error(gates.problem);
  return openStage({ ...gates.value, bus });
}

/** Opens a page with cookies and a profile of its own. */
export async function visit(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Visit> {
  const context = await browser.newContext({ locale: "en-GB", timezoneId: "UTC", ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => {
    // A server that is away is told of by the browser, too; what is shown of it is looked at elsewhere.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource"))
      problems.push(message.text());
  });
  page.on("dialog", (dialog) => {
    problems.push(`a dialog says ${dialog.message()}`);
    void dialog.dismiss();
  });
  await page.goto(url);
  return { page, problems, leave: () => context.close() };
}
