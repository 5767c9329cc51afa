import { Hono } from "hono";
import { expect, test } from "vitest";
import { letEverybodyIn } from "./authenticate.ts";

const app = new Hono();
app.use(letEverybodyIn);
app.all("/", (c) => c.text("in"));
const ask = async (url: string, headers: Record<string, string> = {}) => app.request(url, { method: "POST", headers });

test.each(["http://localhost:8787/", "http://127.0.0.1:8787/", "http://127.1.2.3/", "http://[::1]:8787/"])(
  "a server without tokens answers programs on its machine at %s",
  async (url) => {
    expect((await ask(url)).status).toBe(200);
    expect((await ask(url, { "Sec-Fetch-Site": "same-origin", Origin: new URL(url).origin })).status).toBe(200);
    expect((await ask(url, { "Sec-Fetch-Site": "none" })).status).toBe(200);
  },
);

test.each([
  "http://evil.example:8787/",
  "http://127.0.0.1.evil.example/",
  "http://localhost.evil.example/",
  "http://10.0.0.1/",
])("a name that was made to mean this machine, %s, leads nowhere", async (url) => {
  const answer = await ask(url, { "Sec-Fetch-Site": "same-origin", Origin: new URL(url).origin });
  expect(answer.status).toBe(403);
  expect(await answer.json()).toMatchObject({ error: "RES-104", message: expect.stringContaining("TOKEN_HASHES") });
});

test.each([
  { "Sec-Fetch-Site": "cross-site" },
  { "Sec-Fetch-Site": "same-site" },
  { Origin: "https://evil.example" },
  { Origin: "http://localhost:3000" },
  { Origin: "null" },
])("a page of another site can't use it: %o", async (headers) => {
  expect((await ask("http://localhost:8787/", headers)).status).toBe(403);
});
