/** What browsers are shown, the same by every front door. */
import { expect } from "vitest";
import { createGuresid } from "../support/driver-client.ts";
import { buildScriptRequest } from "../support/script-request.ts";
import { readRunId } from "../support/story.ts";
import type { Story } from "./suite.ts";

const html = { Accept: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8" };
const own = { ...html, "Sec-Fetch-Site": "same-origin" };
const held = { Prefer: "wait=25" };

const reading: Story = {
  title: "somebody looks at runs in a browser",
  async play({ call }) {
    const guresid = createGuresid();
    const script = `printf '\\033[31mred\\033[0m <b>bold</b>\\n'; echo '{"a": 1}' > "$OUTPUTS_FILE"; echo "no room" > "$ERROR_FILE"; exit 3`;
    const body = buildScriptRequest(script);
    const runId = readRunId(await call("PUT", `/drivers/container/${guresid}`, { body, headers: held }));
    const list = await call("GET", `/?guresid=${guresid}`, { headers: html });
    expect([list.status, list.headers["content-type"]]).toEqual([200, "text/html; charset=UTF-8"]);
    expect(list.headers["content-security-policy"]).toContain("default-src 'none'");
    expect(list.text).toContain(`href="/runs/${runId}"`);
    const run = await call("GET", `/runs/${runId}`, { headers: html });
    expect(run.text).toMatch(/no room.*Timeline.*sgr-fg-1">red<\/span> &lt;b&gt;bold&lt;\/b&gt;/s);
    for (const [, path = ""] of run.text.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g))
      expect([path, (await call("GET", path, { token: false })).status]).toEqual([path, 200]);
    expect((await call("GET", "/runs/01jd0v8e3k7xw2m4n6p8q0r1s2", { headers: html })).text).toContain(
      "<h1>Not found</h1>",
    );
    expect((await call("GET", "/?status=odd", { headers: html })).status).toBe(400);
    expect((await call("POST", `/runs/${runId}/cancel`, { headers: html })).headers["location"]).toBe(`/runs/${runId}`);
    expect((await call("HEAD", "/", { headers: html })).status).toBe(200);
  },
};

const signingIn: Story = {
  title: "somebody signs in and out",
  async play({ call, token }) {
    const visit = (method: string, path: string, headers: Record<string, string>, body?: string) =>
      call(method, path, { headers, token: false, ...(body === undefined ? {} : { body }) });
    const led = await visit("GET", "/?status=failed", html);
    expect([led.status, led.headers["location"]]).toEqual([303, "/sign-in?to=%2F%3Fstatus%3Dfailed"]);
    expect((await visit("GET", "/sign-in?to=/runs", html)).text).toContain('name="to" value="/runs"');
    const form = { ...own, "Content-Type": "application/x-www-form-urlencoded" };
    expect((await visit("POST", "/sign-in", form, "token=wrong&to=/")).status).toBe(401);
    expect((await visit("POST", "/sign-in", { ...form, "Sec-Fetch-Site": "cross-site" }, "token=x")).status).toBe(403);
    const begun = await call("POST", "/sign-in", { headers: form, token: false, body: `token=${token}&to=/` });
    expect([begun.status, begun.headers["location"]]).toEqual([303, "/"]);
    const Cookie = String(begun.headers["set-cookie"]).split(";")[0] ?? "";
    expect((await visit("GET", "/?guresid=nobody-has-this", { ...html, Cookie })).text).toContain("Sign out");
    expect((await visit("GET", "/clusters", { Cookie })).status).toBe(200);
    expect((await visit("DELETE", "/drivers/container/abc", { ...own, Cookie })).status).toBe(401);
    const out = await visit("POST", "/sign-out", { ...own, Cookie });
    expect([out.status, out.headers["location"]]).toEqual([303, "/sign-in"]);
  },
};

export const pageStories: readonly Story[] = [reading, signingIn];
