/** Pages in a real browser: what the script on them does, and that nothing else runs there. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createGuresid } from "../support/driver-client.ts";
import { openBrowserStage, type BrowserStage } from "./browser-stage.ts";
import { sealed } from "../runs/stage.ts";

const phases = ["requested", "accepted", "starting", "running"] as const;
const hostile = `</span><script>window.ran = 1</script><img src=x onerror="window.ran = 1">"'`;
const rowTexts = (page: Page) => page.locator(".log-row .log-text").allTextContents();
/** Numbers of the lines that can be seen. */
const seenLines = (page: Page) =>
  page.evaluate(() => {
    const view = document.querySelector(".log-view")?.getBoundingClientRect();
    if (view === undefined) return [];
    const rows = [...document.querySelectorAll<HTMLElement>(".log-row")].filter((row) => {
      const { top, bottom } = row.getBoundingClientRect();
      return bottom > view.top + 1 && top < view.bottom - 1;
    });
    return rows.map((row) => Number(row.dataset["line"]));
  });

interface Axe {
  run(options: object): Promise<{ violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[] }>;
}

/** What axe finds wrong on a page, in words. */
const listViolations = (page: Page, rules?: readonly string[]) =>
  page.evaluate(async (rules) => {
    const axe = Reflect.get(window, "axe") as Axe;
    const { violations } = await axe.run(rules === undefined ? {} : { runOnly: rules });
    return violations.map(
      ({ id, nodes }) =>
        `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary ?? ""}`).join(" | ")}`,
    );
  }, rules);

let stage: BrowserStage;
beforeAll(async () => {
  stage = await openBrowserStage();
}, 180_000);
afterAll(() => stage?.close());

describe("The list", () => {
  test("shows new runs and changed ones without being loaded again", async () => {
    const { write, open } = stage;
    const guresid = createGuresid();
    const first = await write.run("prod", ["requested"], { guresid });
    const { page, problems, leave } = await open(`/?guresid=${guresid}`);
    await page.evaluate(() => Object.assign(window, { wasHereBefore: true }));
    const rows = page.locator("tbody tr");
    await expect.poll(() => rows.count()).toBe(1);
    const second = await write.run("test", ["requested"], { guresid });
    await expect.poll(() => rows.first().innerText()).toContain(second.runId);
    await write.event(first, "running", { guresid });
    await write.event(second, "failed", { guresid, failure: { reason: hostile, message: "x" } });
    await expect.poll(() => rows.nth(1).innerText()).toContain("Running");
    await expect.poll(() => rows.first().innerText()).toContain("Failed");
    expect(await rows.first().innerText()).toContain(hostile);
    await write.run("prod", ["requested"], { guresid: "somebody-elses" });
    await write.event(first, "succeeded", { guresid });
    await expect.poll(() => rows.nth(1).innerText()).toContain("Succeeded");
    expect(await rows.count()).toBe(2);
    expect(await page.evaluate(() => Reflect.get(window, "wasHereBefore"))).toBe(true);
    expect(problems).toEqual([]);
    await leave();
  });

  test("that is filtered by a status takes in the runs that come to have it, and lets go of those that lose it", async () => {
    const { write, open } = stage;
    const guresid = createGuresid();
    const older = await write.run("prod", ["requested"], { guresid });
    const newer = await write.run("prod", phases, { guresid });
    const { page, leave } = await open(`/?guresid=${guresid}&status=running`);
    const ids = () => page.locator("tbody tr th a").allInnerTexts();
    await expect.poll(ids).toEqual([newer.runId]);
    await write.event(older, "running", { guresid });
    await expect.poll(ids).toEqual([newer.runId, older.runId]);
    await write.event(newer, "succeeded", { guresid });
    await expect.poll(ids).toEqual([older.runId]);
    await leave();
  });
});

describe("A run", () => {
  test("goes on while it is looked at: phases, log and end", async () => {
    const { write, open } = stage;
    const run = await write.run("prod", ["requested"]);
    const { page, problems, leave } = await open(`/runs/${run.runId}`);
    await write.event(run, "accepted", { agent: "agent-1" });
    await write.event(run, "running", { commit: "c0ffee" });
    await write.chunk(run, "one\ntw", { index: 0 });
    await expect.poll(() => page.locator(".run-head .badge").innerText()).toBe("Running");
    await expect.poll(() => rowTexts(page)).toEqual(["one", "tw"]);
    await write.chunk(run, "o\n\u001b[31mred", { index: 1 });
    await write.chunk(run, "dish\nplain again?\n\u001b[0mplain\n", { index: 2, end: true });
    await expect.poll(() => rowTexts(page)).toEqual(["one", "two", "reddish", "plain again?", "plain"]);
    expect(await page.locator(".log-text .sgr-fg-1").allTextContents()).toEqual(["reddish", "plain again?"]);
    await expect.poll(() => page.locator("[data-part=facts]").innerText()).toContain("c0ffee");
    expect(await page.locator("details.cancel").count()).toBe(1);
    await write.event(run, "failed", {
      failure: { reason: "exit-code", message: "no room", evidence: { exitCode: 3 } },
    });
    await expect.poll(() => page.locator(".failure").innerText()).toMatch(/Why it failed[^]*no room[^]*exitCode/);
    expect(await page.locator("details.cancel").count()).toBe(0);
    expect(await page.locator("#run-state").innerText()).toBe("Failed");
    expect(problems).toEqual([]);
    await leave();
  });

  test("is cancelled in two steps, and nothing is lost of the page meanwhile", async () => {
    const { write, open, bus } = stage;
    const run = await write.run("prod", phases);
    await write.chunk(run, "a line\n", { index: 0 });
    const { page, problems, leave } = await open(`/runs/${run.runId}`);
    const confirm = page.getByRole("button", { name: "Cancel this run" });
    expect(await confirm.isVisible()).toBe(false);
    await page.locator("summary").press("Enter");
    await page.keyboard.press("Escape");
    expect(await confirm.isVisible()).toBe(false);
    expect(await bus.controls.last(run)).toBeUndefined();
    await page.locator("summary").press("Enter");
    await confirm.press("Enter");
    await expect.poll(() => page.locator("details.cancel").innerText()).toContain("Asked for");
    expect(await bus.controls.last(run)).toBeDefined();
    await write.event(run, "cancelled", { failure: { reason: "cancelled", message: "by anonymous" } });
    await expect.poll(() => page.locator(".failure").innerText()).toContain("Why it was cancelled");
    expect(await rowTexts(page)).toEqual(["a line"]);
    expect(problems).toEqual([]);
    await leave();
  });

  test("says as text what others have written, whatever it is", async () => {
    const { write, open } = stage;
    const run = await write.run("prod", phases);
    const lines = [
      hostile,
      "\u001b]8;;javascript:alert(1)\u0007link\u001b]8;;\u0007",
      "\u202egnp.exe\u0000",
      "\u001b[8mhidden\u001b[0m",
    ];
    await write.chunk(run, `${lines.join("\n")}\n`, { index: 0 });
    const { page, problems, leave } = await open(`/runs/${run.runId}`);
    await expect.poll(() => rowTexts(page)).toEqual([hostile, "link", "<U+202E>gnp.exe␀", "hidden"]);
    await write.event(run, "warned", { warning: hostile });
    await write.event(run, "failed", {
      commit: hostile,
      agent: hostile,
      failure: { reason: hostile, message: hostile, evidence: { [hostile]: hostile } },
    });
    await expect.poll(() => page.locator(".failure").innerText()).toContain(hostile);
    await page.getByRole("searchbox").fill("<img");
    await expect.poll(() => page.locator(".log-text mark").allTextContents()).toEqual(["<img"]);
    expect(await page.locator("main img, main script").count()).toBe(0);
    expect(await page.evaluate(() => Reflect.get(window, "ran"))).toBeUndefined();
    expect(await page.content()).not.toContain(sealed);
    expect(problems).toEqual([]);
    await leave();
  });
});

describe("A page that nobody looks at", () => {
  test("lets go of its connections, and goes on where it was when somebody does", async () => {
    const { write, open } = stage;
    const run = await write.run("prod", phases);
    await write.chunk(run, "one\n", { index: 0 });
    const { page, problems, leave } = await open("/");
    await page.clock.install();
    const after: string[] = [];
    const failed: string[] = [];
    page.on("request", (request) => {
      if (/\/(logs|events)$/.test(request.url())) after.push(request.headers()["last-event-id"] ?? "");
    });
    page.on("requestfailed", (request) => failed.push(new URL(request.url()).pathname.split("/").at(-1) ?? ""));
    await page.goto(`${stage.url}/runs/${run.runId}`);
    await expect.poll(() => rowTexts(page)).toEqual(["one"]);
    const setHidden = (hidden: boolean) =>
      page.evaluate((hidden) => {
        Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
      }, hidden);
    await setHidden(true);
    failed.length = 0;
    await page.clock.fastForward(21_000);
    await expect.poll(() => failed.toSorted()).toEqual(["events", "logs"]);
    await write.chunk(run, "two\n", { index: 1 });
    await write.event(run, "collecting");
    expect(await page.locator("#stream-state").innerText()).toBe("");
    const before = after.length;
    await setHidden(false);
    await expect.poll(() => rowTexts(page)).toEqual(["one", "two"]);
    await expect.poll(() => page.locator(".run-head .badge").innerText()).toBe("Collecting");
    expect(after.slice(before).every((id) => id !== "")).toBe(true);
    expect(problems).toEqual([]);
    await leave();
  });
});

describe("A log of a million lines", () => {
  let path: string;
  const count = 1_000_000;
  beforeAll(async () => {
    const run = await stage.write.run("prod", phases);
    const perChunk = 2000;
    for (let at = 0; at < count; at += perChunk) {
      const lines = Array.from(
        { length: perChunk },
        (_, i) => `line ${at + i + 1}${(at + i) % 1000 === 499 ? " \u001b[33mneedle\u001b[0m" : ""}`,
      );
      await stage.write.chunk(run, `${lines.join("\n")}\n`, { index: at / perChunk });
    }
    await stage.write.event(run, "succeeded");
    path = `/runs/${run.runId}`;
  });

  test("stays usable: few rows at a time, any line at once, search, and links to lines", async () => {
    const { page, problems, leave } = await stage.open(path);
    await expect.poll(() => page.locator(".log-count").innerText()).toBe("1,000,000 lines");
    expect(await page.locator("*").count()).toBeLessThan(1000);
    expect((await seenLines(page))[0]).toBe(1);

    const scroll = (part: number) =>
      page
        .locator(".log-view")
        .evaluate((view, part) => (view.scrollTop = part * (view.scrollHeight - view.clientHeight)), part);
    await scroll(0.5);
    await expect.poll(async () => Math.abs(((await seenLines(page))[0] ?? 0) - count / 2)).toBeLessThan(50);
    await scroll(1);
    await expect.poll(async () => (await seenLines(page)).at(-1)).toBe(count);
    await page.locator(".log-view").press("Home");
    await expect.poll(async () => (await seenLines(page))[0]).toBe(1);

    // By keyboard: into the search, to the next match, and to the last.
    await page.locator(".log-view").press("/");
    await page.keyboard.type("NEEDLE");
    await expect.poll(() => page.locator(".log-search output").innerText()).toBe("1,000 lines");
    await page.keyboard.press("Enter");
    await expect.poll(() => page.locator(".log-row.is-marked").getAttribute("data-line")).toBe("500");
    await page.keyboard.press("Shift+Enter");
    await expect.poll(() => page.locator(".log-row.is-marked").getAttribute("data-line")).toBe("999500");
    expect(await page.locator(".log-search output").innerText()).toBe("1,000 of 1,000");
    expect(await seenLines(page)).toContain(999_500);
    await page.keyboard.press("Escape");
    expect(await page.evaluate(() => document.activeElement?.className)).toBe("log-view");

    await page.evaluate(() => (location.hash = "#L654321"));
    await expect.poll(() => page.locator(".log-row.is-marked").innerText()).toMatch(/^654321\s+line 654321$/);
    expect(await seenLines(page)).toContain(654_321);
    await page.getByRole("button", { name: "Wrap" }).click();
    await expect.poll(() => seenLines(page)).toContain(654_330);
    expect(await page.locator("*").count()).toBeLessThan(1000);
    expect(problems).toEqual([]);
    await leave();
  });

  test("is opened at the line that a link names", async () => {
    const { page, leave } = await stage.open(`${path}#L777777`);
    await expect.poll(() => seenLines(page)).toContain(777_777);
    expect(await page.locator(".log-row.is-marked").getAttribute("data-line")).toBe("777777");
    const link = page.locator(".log-row.is-marked a");
    expect(await link.getAttribute("href")).toBe("#L777777");
    await leave();
  });
});

describe("A log", () => {
  test("is followed while its reader is at its end, and stays where it is otherwise", async () => {
    const { write, open } = stage;
    const run = await write.run("prod", phases);
    const lines = (from: number, to: number) =>
      `${Array.from({ length: to - from + 1 }, (_, i) => `line ${from + i}`).join("\n")}\n`;
    await write.chunk(run, lines(1, 500), { index: 0 });
    const { page, leave } = await open(`/runs/${run.runId}`);
    const follow = page.getByRole("button", { name: "Follow" });
    await expect.poll(async () => (await seenLines(page)).at(-1)).toBe(500);
    await write.chunk(run, lines(501, 600), { index: 1 });
    await expect.poll(async () => (await seenLines(page)).at(-1)).toBe(600);
    expect(await follow.getAttribute("aria-pressed")).toBe("true");
    await page.locator(".log-view").press("Home");
    await expect.poll(() => follow.getAttribute("aria-pressed")).toBe("false");
    await write.chunk(run, lines(601, 700), { index: 2 });
    await expect.poll(() => page.locator(".log-count").innerText()).toBe("700 lines");
    await expect.poll(async () => (await seenLines(page))[0]).toBe(1);
    await follow.press("Enter");
    await expect.poll(async () => (await seenLines(page)).at(-1)).toBe(700);
    await leave();
  });

  test("wraps lines that are too long, and shows all of the last one", async () => {
    const { write, open } = stage;
    const run = await write.run("prod", [...phases, "succeeded"]);
    const long = Array.from({ length: 200 }, (_, i) => `${i + 1} ${"漢字 wide and narrow ".repeat(i % 40)}`);
    await write.chunk(run, `${long.join("\n")}\n${"x".repeat(5000)}END\n`, { index: 0, end: true });
    const { page, leave } = await open(`/runs/${run.runId}`, { viewport: { width: 500, height: 800 } });
    await page.getByRole("button", { name: "Wrap" }).click();
    await page.locator(".log-view").press("End");
    await expect.poll(async () => (await seenLines(page)).at(-1)).toBe(201);
    const [view, row] = [
      await page.locator(".log-view").boundingBox(),
      await page.locator(".log-row").last().boundingBox(),
    ];
    expect((row?.y ?? 0) + (row?.height ?? 0)).toBeLessThanOrEqual((view?.y ?? 0) + (view?.height ?? 0) + 1);
    expect(await page.locator(".log-view").evaluate((element) => element.scrollWidth <= element.clientWidth + 1)).toBe(
      true,
    );
    await leave();
  });
});

describe("Without a script", () => {
  const plain = { javaScriptEnabled: false };

  test("everything can be read, and a run cancelled", async () => {
    const { write, open, bus } = stage;
    const run = await write.run("prod", phases, { guresid: "plain-reader" });
    await write.chunk(run, "\u001b[32mgreen\u001b[0m line\n", { index: 0 });
    const { page, leave } = await open("/?guresid=plain-reader", plain);
    await page.locator("tbody a").click();
    expect(await page.locator("h1").innerText()).toContain("Running");
    expect(await page.locator(".log-tail").innerText()).toBe("green line\n");
    expect(await page.getByRole("link", { name: "Download" }).isVisible()).toBe(true);
    await page.locator("summary").click();
    await page.getByRole("button", { name: "Cancel this run" }).click();
    await page.waitForURL(`**/runs/${run.runId}`);
    expect(await bus.controls.last(run)).toBeDefined();
    await leave();
  });

  test("people sign in and out", async () => {
    const { guarded, open } = stage;
    const { page, leave } = await open(`${guarded.url}/runs?status=failed`, plain);
    expect(new URL(page.url()).pathname).toBe("/sign-in");
    await page.getByLabel("Token").fill("wrong");
    await page.keyboard.press("Enter");
    expect(await page.getByRole("alert").innerText()).toContain("not a token that is known");
    await page.getByLabel("Token").fill(guarded.token);
    await page.getByRole("button", { name: "Sign in" }).click();
    expect(page.url()).toBe(`${guarded.url}/runs?status=failed`);
    const cookies = await page.context().cookies();
    expect(cookies).toMatchObject([{ httpOnly: true, sameSite: "Strict", path: "/" }]);
    expect(JSON.stringify(await page.context().storageState())).not.toContain(guarded.token);
    await page.getByRole("button", { name: "Sign out" }).click();
    expect(new URL(page.url()).pathname).toBe("/sign-in");
    expect(await page.context().cookies()).toEqual([]);
    await leave();
  });
});

describe("Everybody can use the pages", () => {
  test("by keyboard alone", async () => {
    const { write, open } = stage;
    const run = await write.run("prod", phases, { guresid: "keyboard-user" });
    await write.chunk(run, "a line\n", { index: 0 });
    const { page, leave } = await open("/?guresid=keyboard-user");
    await page.keyboard.press("Tab");
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Skip to content");
    await page.keyboard.press("Enter");
    const focused = () => page.evaluate(() => document.activeElement?.textContent ?? "");
    for (let i = 0; i < 10 && (await focused()) !== run.runId; i++) await page.keyboard.press("Tab");
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement ?? document.body).outlineStyle);
    expect(outline).toBe("solid");
    await page.keyboard.press("Enter");
    await page.waitForURL(`**/runs/${run.runId}`);
    const names: string[] = [];
    for (let i = 0; i < 12; i++) {
      await page.keyboard.press("Tab");
      names.push(
        await page.evaluate(
          () =>
            document.activeElement?.getAttribute("aria-label") ??
            document.activeElement?.textContent?.slice(0, 12) ??
            "",
        ),
      );
    }
    for (const name of ["Cancel run…", "Search the log", "Next match", "Follow", "Wrap", "Download"])
      expect(names).toContain(name);
    await leave();
  });

  test.for(["light", "dark"] as const)("whatever they see, in %s", async (colorScheme) => {
    const { write, open, guarded } = stage;
    const failed = await write.run("prod", [...phases, "collecting"], { guresid: "accessible" });
    const colours = Array.from(
      { length: 16 },
      (_, i) =>
        `\u001b[${i < 8 ? 30 + i : 82 + i}mcolour ${i}\u001b[0m \u001b[${i < 8 ? 40 + i : 92 + i}mground ${i}\u001b[0m \u001b[2mdim\u001b[0m`,
    );
    await write.chunk(failed, `${colours.join("\n")}\n`, { index: 0, end: true });
    await write.event(failed, "warned", { warning: "something odd" });
    await write.event(failed, "failed", {
      guresid: "accessible",
      failure: { reason: "exit-code", message: "no", evidence: { exitCode: 3 } },
    });
    const done = await write.run("prod", [...phases, "succeeded"], {
      guresid: "accessible",
      outputs: { values: ["a"], secrets: ["b"], manifests: 1 },
    });
    const live = await write.run("prod", phases, { guresid: "accessible" });
    await write.run("test", ["requested"], { guresid: "accessible" });
    const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
    const paths = [
      "/?guresid=accessible",
      `/runs/${failed.runId}`,
      `/runs/${done.runId}`,
      `/runs/${live.runId}`,
      "/runs/nothing",
      `${guarded.url}/sign-in`,
    ];
    for (const path of paths) {
      const { page, leave } = await open(path, { colorScheme, reducedMotion: "reduce" });
      if (path.includes(failed.runId)) await page.locator(".log-row").first().waitFor();
      if (path.includes(live.runId)) await page.locator("summary").click();
      await page.evaluate(axe);
      expect([path, await listViolations(page, colorScheme === "dark" ? ["color-contrast"] : undefined)]).toEqual([
        path,
        [],
      ]);
      const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      expect(ground).toBe(colorScheme === "light" ? "rgb(246, 247, 249)" : "rgb(17, 21, 27)");
      await leave();
    }
  });
});
