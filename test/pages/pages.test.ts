/** What browsers are shown, as the front door makes it; that scripts run on it is tested in a browser. */
import { describe, expect, test } from "vitest";
import { interceptBus } from "../../src/bus.fixture.ts";
import { createMemoryBus } from "../../src/bus/memory/memory-bus.ts";
import { BusUnavailable, type Journal } from "../../src/bus/port.ts";
import { clusters, openStage, sealed } from "../runs/stage.ts";

const html = { Accept: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8" };
const hostile = `<script>alert(1)</script>"'><img src=x onerror=alert(1)>`;

async function openPages(options: Parameters<typeof openStage>[0] = {}) {
  const stage = await openStage(options);
  const read = async (path: string, headers: Record<string, string> = {}) => {
    const response = await stage.open(path, { ...html, ...headers });
    // What the script goes on from is data, in an attribute.
    const text = (await response.text()).replace(/data-live="[^"]*"/, "");
    return { status: response.status, headers: response.headers, text };
  };
  return { ...stage, read };
}

/** Adds up what is read. */
function countRead(follow: Journal["follow"], read: { bytes: number }): Journal["follow"] {
  return async function* (...call) {
    for await (const entry of follow(...call)) {
      read.bytes += entry.data.length;
      yield entry;
    }
  };
}

describe("Whoever asks for HTML first", () => {
  test("is shown a page, and everybody else is answered as always", async () => {
    const { open, read, write, json } = await openPages();
    const { runId } = await write.run("prod");
    for (const path of ["/runs", `/runs/${runId}`]) {
      const page = await read(path);
      expect([path, page.status, page.headers.get("Content-Type")]).toEqual([path, 200, "text/html; charset=UTF-8"]);
      for (const Accept of ["*/*", "application/json", "application/json, text/html;q=0.9"]) {
        const data = await open(path, { Accept });
        expect([data.status, data.headers.get("Content-Type"), data.headers.get("Vary")]).toEqual([
          200,
          "application/json",
          "Accept",
        ]);
      }
      expect((await open(path)).headers.get("Content-Type")).toBe("application/json");
    }
    expect((await read("/")).status).toBe(200);
    expect(await json("/")).toMatchObject({ status: 404, body: { error: "RES-106" } });
    expect(await json("/runs")).toMatchObject({ body: { runs: [{ id: runId }] } });
  });

  test("gets nothing that could run or be framed, and nothing that is kept", async () => {
    const { read, write } = await openPages();
    const { runId } = await write.run("prod");
    for (const path of ["/", "/runs", `/runs/${runId}`, "/runs/01jd0v8e3k7xw2m4n6p8q0r1s2"]) {
      const { headers, text } = await read(path);
      expect(headers.get("Content-Security-Policy")).toMatch(
        /^default-src 'none'; script-src 'self'; style-src 'self'; .*form-action 'self'; frame-ancestors 'none'/,
      );
      expect(headers.get("Content-Security-Policy")).not.toMatch(/unsafe|\*/);
      expect(headers.get("X-Content-Type-Options")).toBe("nosniff");
      expect(headers.get("Referrer-Policy")).toBe("same-origin");
      expect(headers.get("Cache-Control")).toBe("no-store");
      expect(headers.get("Vary")).toBe("Accept");
      expect(text).not.toMatch(
        /<script(?! src="\/assets\/[\w-]+\.js" type="module"><\/script>)|<style| style=| on\w+=/,
      );
    }
  });

  test("is told of errors on a page, with the status that programs get", async () => {
    const broken = interceptBus(createMemoryBus(), ({ operation }) => {
      if (operation.startsWith("events.")) throw new BusUnavailable("read", { reason: "it is away" });
    });
    const { read } = await openPages({ bus: createMemoryBus() });
    expect(await read("/runs/01jd0v8e3k7xw2m4n6p8q0r1s2")).toMatchObject({
      status: 404,
      text: expect.stringContaining("There is no such run"),
    });
    expect(await read("/runs/UPPER")).toMatchObject({
      status: 404,
      text: expect.stringContaining("<h1>Not found</h1>"),
    });
    expect(await read("/?status=odd")).toMatchObject({
      status: 400,
      text: expect.stringContaining("Cannot list runs"),
    });
    expect((await read(`/?guresid=${encodeURIComponent(hostile)}`)).text).not.toContain("<img");
    const away = await openPages({ bus: createMemoryBus(), appBus: broken });
    const page = await away.read("/");
    expect([page.status, page.headers.get("Retry-After")]).toEqual([503, "2"]);
    expect(page.text).toContain("The broker does not answer");
  });

  test("may ask for the head alone", async () => {
    const { app } = await openPages();
    const response = await app.request("/", { method: "HEAD", headers: html });
    expect([response.status, await response.text()]).toEqual([200, ""]);
  });
});

describe("The style sheet, the script and the icon", () => {
  test("are served under names that change with them, for good", async () => {
    const { open, read } = await openPages();
    const paths = [...(await read("/")).text.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(
      ([, path = ""]) => path,
    );
    expect(paths.map((path) => path.replace(/-[0-9a-f]{16}\./, "."))).toEqual([
      "/assets/icon.svg",
      "/assets/pages.css",
      "/assets/pages.js",
    ]);
    const types = ["image/svg+xml", "text/css; charset=utf-8", "text/javascript; charset=utf-8"];
    for (const [i, path] of paths.entries()) {
      const { status, headers } = await open(path);
      expect([status, headers.get("Content-Type")]).toEqual([200, types[i]]);
      expect(headers.get("Cache-Control")).toContain("immutable");
      expect(headers.get("X-Content-Type-Options")).toBe("nosniff");
    }
    for (const path of ["/assets/nothing.js", "/assets/..%2fpages.js", "/assets/"])
      expect((await open(path)).status).toBe(404);
  });
});

describe("The list", () => {
  test("has the newest first, with status, resource, phases and duration", async () => {
    const { read, write } = await openPages();
    const older = await write.run("prod", ["requested", "accepted", "starting", "running", "failed"], {
      failure: { reason: "exit-code", message: "exited 3" },
    });
    const newer = await write.run("test", ["requested"], { guresid: "another-one" });
    const { text } = await read("/");
    expect([...text.matchAll(/href="\/runs\/(\w+)"/g)].map(([, id]) => id)).toEqual([newer.runId, older.runId]);
    expect(text).toMatch(/tone-failed">Failed<\/span><span class="minor">exit-code</);
    expect(text).toMatch(/tone-waiting">Queued</);
    expect(text).toContain(
      'aria-label="Queued 1.0 s, Taken by an agent 1.0 s, Image pull and setup 1.0 s, Main 1.0 s"',
    );
    expect(text).toMatch(/<td class="in-duration">4\.0 s<\/td>/);
    expect(text).toContain("another-one");
    expect(text).not.toContain(sealed);
  });

  test("can be filtered, by a form that works without a script and keeps what was chosen", async () => {
    const { read, write } = await openPages();
    const mine = await write.run("prod", ["requested"], { guresid: "my-resource" });
    await write.run("test", ["requested", "cancelled"]);
    // As a form sends it: fields that were left empty, too.
    const { text } = await read("/?status=requested&cluster=prod&driver=&guresid=my-resource");
    expect([...text.matchAll(/href="\/runs\/(\w+)"/g)].map(([, id]) => id)).toEqual([mine.runId]);
    expect(text).toContain('<option value="requested" selected="">');
    expect(text).toContain('value="my-resource"');
    for (const name of clusters) expect(text).toContain(`<option value="${name}"`);
    expect((await read("/?guresid=nobody-has-this")).text).toContain("No runs here.");
  });

  test("goes on to older ones by a link that keeps the filters", async () => {
    const { read, write } = await openPages();
    const runs: string[] = [];
    for (let i = 0; i < 5; i++) runs.unshift((await write.run("prod", ["requested", "succeeded"])).runId);
    const seen: string[] = [];
    let path: string | undefined = "/?driver=container&limit=2";
    while (path !== undefined) {
      const { text } = await read(path);
      seen.push(...[...text.matchAll(/href="\/runs\/(\w+)"/g)].map(([, id = ""]) => id));
      path = /href="(\/\?[^"]+)" rel="next"/.exec(text)?.[1]?.replaceAll("&amp;", "&");
      if (path !== undefined) expect(path).toContain("driver=container&limit=2&cursor=");
    }
    expect(seen).toEqual(runs);
  });
});

describe("A run", () => {
  test("has its reason and evidence on top, then its timeline, the names of its outputs and its log", async () => {
    const { read, write } = await openPages();
    const run = await write.run("prod", ["requested", "accepted", "starting", "running"]);
    await write.chunk(run, "first\nsecond\n", { index: 0, end: true });
    await write.event(run, "failed", {
      failure: { reason: "exit-code", message: "no room", evidence: { exitCode: 3 } },
    });
    const { text } = await read(`/runs/${run.runId}`);
    const order = [
      "Why it failed",
      "no room",
      "What to do",
      "exitCode",
      "Timeline",
      "Image pull and setup",
      ">Log<",
      "first",
      "second",
    ];
    expect(order.map((word) => text.indexOf(word))).toEqual(
      order.map((word) => text.indexOf(word)).sort((a, b) => a - b),
    );
    expect(order.filter((word) => !text.includes(word))).toEqual([]);
    expect(text).toContain(`href="/runs/${run.runId}/logs?format=text"`);
    const done = await write.run("prod", ["requested", "succeeded"], {
      outputs: { values: ["url"], secrets: ["password"], manifests: 2 },
    });
    const page = (await read(`/runs/${done.runId}`)).text;
    expect(page).toMatch(/url<\/li>.*password<\/span><span class="minor">secret<.*2 manifests/);
    expect(page).toContain("It has printed nothing");
    expect(page).not.toContain(sealed);
  });

  test("has placing, setup and the image apart in its timeline, once they are known", async () => {
    const { read, write } = await openPages();
    const run = await write.run("prod", ["requested", "accepted", "starting"]);
    expect((await read(`/runs/${run.runId}`)).text).toContain("Image pull and setup");
    const startedAt = new Date().toISOString();
    await write.event(run, "running", { setup: { startedAt, endedAt: startedAt } });
    const { text } = await read(`/runs/${run.runId}`);
    expect([...text.matchAll(/<span class="name">([^<]+)/g)].map(([, name]) => name)).toEqual([
      "Queued",
      "Taken by an agent",
      "Placing on a node",
      "Setup",
      "Image pull",
      "Main",
    ]);
    expect(text).not.toContain("Image pull and setup");
  });

  test("shows the end of a long log, and where all of it is", async () => {
    const { read, write } = await openPages();
    const run = await write.run("prod", ["requested", "running"]);
    const lines = Array.from({ length: 5000 }, (_, i) => `line ${i + 1}`);
    for (let i = 0; i < 5; i++)
      await write.chunk(run, `${lines.slice(i * 1000, (i + 1) * 1000).join("\n")}\n`, { index: i });
    const { text } = await read(`/runs/${run.runId}`);
    const shown = [...text.matchAll(/<span class="line">line (\d+)\n/g)].map(([, number]) => Number(number));
    expect(shown).toEqual(Array.from({ length: 300 }, (_, i) => 4701 + i));
    expect(text).toContain("The last 300 lines; the download has all of them.");
    const wide = await write.run("prod", ["requested", "running"]);
    for (let i = 0; i < 40; i++) await write.chunk(wide, `${"x".repeat(60_000)}\n`, { index: i });
    expect((await read(`/runs/${wide.runId}`)).text.length).toBeLessThan(400_000);
  });

  test("reads no more of a log without line breaks than it shows, and says so", async () => {
    const read = { bytes: 0 };
    const bus = createMemoryBus();
    const appBus = { ...bus, logs: { ...bus.logs, follow: countRead(bus.logs.follow, read) } };
    const { read: readPage, write } = await openPages({ bus, appBus });
    const run = await write.run("prod", ["requested", "running"]);
    for (let i = 0; i < 1000; i++) await write.chunk(run, `${i % 10}`.repeat(60_000), { index: i });
    const { text } = await readPage(`/runs/${run.runId}`);
    expect(text).toContain("9".repeat(60_000));
    expect(text).toContain("the download has all of them");
    expect(read.bytes).toBeLessThan(6_000_000);
    // Nor of one whose chunks are empty.
    const empty = await write.run("prod", ["requested", "running"]);
    for (let i = 0; i < 20_000; i++) await write.chunk(empty, "", { index: i });
    read.bytes = 0;
    await readPage(`/runs/${empty.runId}`);
    expect(read.bytes).toBeLessThan(6_000_000);
  });

  test("says all that others may have written as text", async () => {
    const { read, write } = await openPages();
    const run = await write.run("prod", ["requested", "running"]);
    await write.event(run, "warned", { warning: hostile, agent: hostile });
    await write.chunk(run, `${hostile}\n\u001b]0;title\u0007\u001b[2Jcleared\n\u202egnp.exe\n`, { index: 0 });
    await write.event(run, "failed", {
      commit: hostile,
      failure: { reason: hostile, message: `${hostile}\u202e`, evidence: { [hostile]: hostile } },
    });
    for (const path of ["/", `/runs/${run.runId}`]) {
      const { text } = await read(path);
      expect(text).not.toMatch(/<img|<script>|[\u001b\u0007\u202e]/);
      expect(text).toContain("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&gt;&lt;img");
    }
    expect((await read(`/runs/${run.runId}`)).text).toContain("&lt;U+202E&gt;gnp.exe");
  });

  test("can be cancelled by a form, in two steps, that leads back to it", async () => {
    const { app, bus, read, write } = await openPages();
    const run = await write.run("prod", ["requested", "running"]);
    const path = `/runs/${run.runId}`;
    expect((await read(path)).text).toContain(`<form method="post" action="${path}/cancel">`);
    const send = (headers: Record<string, string>) =>
      app.request(`${path}/cancel`, { method: "POST", headers: { ...html, ...headers } });
    const foreign = await send({ Origin: "https://evil.example", "Sec-Fetch-Site": "cross-site" });
    expect([foreign.status, await bus.controls.last(run)]).toEqual([403, undefined]);
    const own = await send({ Origin: "http://localhost", "Sec-Fetch-Site": "same-origin" });
    expect([own.status, own.headers.get("Location")]).toEqual([303, path]);
    expect(await bus.controls.last(run)).toBeDefined();
    await write.event(run, "cancelled");
    expect((await send({ "Sec-Fetch-Site": "same-origin" })).headers.get("Location")).toBe(path);
    const after = (await read(path)).text;
    expect(after).not.toContain("<form");
    const missing = await app.request("/runs/01jd0v8e3k7xw2m4n6p8q0r1s2/cancel", { method: "POST", headers: html });
    expect([missing.status, await missing.text()]).toEqual([404, expect.stringContaining("<h1>Not found</h1>")]);
  });
});
