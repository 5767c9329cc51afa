/** People sign in with a token, and have a session in its place. */
import { createHash } from "node:crypto";
import { generateKeyPair, exportJWK, SignJWT } from "jose";
import { describe, expect, test } from "vitest";
import { buildBody, path as resourcePath } from "../../src/app.fixture.ts";
import { createMemoryBus } from "../../src/bus/memory/memory-bus.ts";
import { createConsoleLogger } from "../../src/log.ts";
import { parseAuthenticationConfig } from "../../src/middleware/authenticate/config.ts";
import { createGates } from "../../src/middleware/authenticate/gates.ts";
import { createParties, type Parties } from "../../src/sealing/sealing.fixture.ts";
import { openStage } from "../runs/stage.ts";

const html = { Accept: "text/html,*/*;q=0.8" };
const own = { "Sec-Fetch-Site": "same-origin", Origin: "https://driver.example" };
const hash = (text: string) => createHash("sha256").update(text).digest("hex");
const token = (name: string, rights: object = {}) => ({ name, sha256: hash(`secret-${name}`), ...rights });
const hour = 3_600_000;

interface GuardedOptions {
  readonly config?: object;
  readonly parties?: Parties;
  readonly bus?: ReturnType<typeof createMemoryBus>;
  readonly time?: { now: number };
}

/** A front door with tokens, at an address that others can reach, and a browser in front of it. */
async function openGuarded(options: GuardedOptions = {}) {
  const { config = { tokens: [token("alice")] }, time = { now: Date.parse("2027-01-15T08:00:00Z") } } = options;
  const { parties = await createParties(), bus = createMemoryBus() } = options;
  const ownLines: string[] = [];
  const now = () => new Date(time.now);
  const logger = createConsoleLogger({ write: (line) => ownLines.push(line), now, level: "debug" });
  const parsed = parseAuthenticationConfig(config);
  if (!parsed.ok) throw new Error(parsed.problem);
  const gates = await createGates(parsed.value, { logger, now, keys: parties.frontDoor });
  if (!gates.ok) throw new Error(gates.problem);
  const stage = await openStage({ ...gates.value, bus });
  const base = "https://driver.example";
  const send = async (path: string, init: RequestInit = {}) => stage.app.request(`${base}${path}`, init);
  const signIn = async (secret: string, { to = "/", headers = own }: { to?: string; headers?: object } = {}) =>
    send("/sign-in", {
      method: "POST",
      headers: { ...html, ...headers },
      body: new URLSearchParams({ token: secret, to }),
    });
  const cookieOf = (response: Response) => response.headers.get("Set-Cookie")?.split(";")[0] ?? "";
  const readAs = (Cookie: string, path = "/", headers: object = html) =>
    send(path, { headers: { ...headers, Cookie } });
  /** What was logged, by the gates and by the app. */
  const listLines = () => [...ownLines, ...stage.logged];
  return { ...stage, parties, bus, time, listLines, send, signIn, cookieOf, readAs };
}

describe("Signing in", () => {
  test("gives a cookie that scripts can't see and that our pages alone send, without the token in it", async () => {
    const { signIn, cookieOf, readAs, listLines } = await openGuarded();
    const answer = await signIn("secret-alice", { to: "/runs/x?a=b" });
    expect([answer.status, answer.headers.get("Location")]).toEqual([303, "/runs/x?a=b"]);
    const cookie = answer.headers.get("Set-Cookie") ?? "";
    expect(cookie).toMatch(
      /^__Host-container-driver-session=[\w.-]+; Path=\/; Expires=Fri, 15 Jan 2027 20:00:00 GMT; HttpOnly; Secure; SameSite=Strict$/,
    );
    const page = await readAs(cookieOf(answer));
    expect([page.status, await page.text()]).toEqual([200, expect.stringMatching(/alice<\/span>.*Sign out/)]);
    for (const where of [cookie, Buffer.from(cookie, "base64url").toString("latin1"), ...listLines()])
      for (const secret of ["secret-alice", hash("secret-alice")]) expect(where).not.toContain(secret);
  });

  test("on loopback goes without TLS", async () => {
    const { app } = await openGuarded();
    const answer = await app.request("http://127.0.0.1:8787/sign-in", {
      method: "POST",
      headers: { ...html, "Sec-Fetch-Site": "same-origin" },
      body: new URLSearchParams({ token: "secret-alice" }),
    });
    expect(answer.headers.get("Set-Cookie")).toMatch(
      /^container-driver-session=[^;]+; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Strict$/,
    );
  });

  test("with a token that isn't known is refused on the page, and the log says why", async () => {
    const { signIn, listLines } = await openGuarded();
    for (const secret of ["secret-bob", "", "a b", "x".repeat(9000)]) {
      const answer = await signIn(secret);
      expect([answer.status, answer.headers.get("Set-Cookie")]).toEqual([401, null]);
      expect(await answer.text()).toContain("not a token that is known here");
    }
    expect(listLines().join("")).toContain("Refused to sign somebody in");
    expect(listLines().join("")).not.toContain("secret-bob");
    expect((await signIn("x".repeat(20_000))).status).toBe(413);
  });

  test.each([
    "https://evil.example",
    "//evil.example",
    "/\\evil.example",
    "evil",
    "/a b",
    "/\n",
    "javascript:alert(1)",
  ])("leads to no other place: %j", async (to) => {
    const { signIn, send } = await openGuarded();
    expect((await signIn("secret-alice", { to })).headers.get("Location")).toBe("/");
    expect(await (await send(`/sign-in?to=${encodeURIComponent(to)}`, { headers: html })).text()).toContain(
      'name="to" value="/"',
    );
  });

  test("is for our own page: no other site signs anybody in or out", async () => {
    const { signIn, send } = await openGuarded();
    for (const headers of [
      {},
      { Origin: "https://evil.example" },
      { "Sec-Fetch-Site": "cross-site" },
      { ...own, Origin: "null" },
      { "Sec-Fetch-Site": "none" },
    ]) {
      expect((await signIn("secret-alice", { headers })).status).toBe(403);
      expect((await send("/sign-out", { method: "POST", headers: { ...html, ...headers } })).status).toBe(403);
    }
    const out = await send("/sign-out", { method: "POST", headers: own });
    expect([out.status, out.headers.get("Location")]).toEqual([303, "/sign-in"]);
    expect(out.headers.get("Set-Cookie")).toMatch(/^__Host-container-driver-session=; Max-Age=0; Path=\/; .*Secure/);
  });

  test("isn't there where everybody is let in", async () => {
    const { open } = await openStage();
    expect((await open("/sign-in", html)).status).toBe(404);
  });
});

describe("Without a session", () => {
  test("people are led to sign in, and programs told 401", async () => {
    const { send } = await openGuarded();
    for (const path of ["/", "/runs?status=failed", "/runs/01jd0v8e3k7xw2m4n6p8q0r1s2"]) {
      const page = await send(path, { headers: html });
      expect([page.status, page.headers.get("Location")]).toEqual([303, `/sign-in?to=${encodeURIComponent(path)}`]);
    }
    for (const path of ["/runs", "/runs/x", "/events", "/clusters"]) expect((await send(path)).status).toBe(401);
    expect((await send("/")).status).toBe(404);
    const wrong = await send("/runs", { headers: { ...html, Authorization: "Bearer wrong" } });
    expect([wrong.status, wrong.headers.get("Location")]).toEqual([401, null]);
  });

  test("a link on another site, for which browsers hold the cookie back, comes to the page all the same", async () => {
    const { send, app } = await openGuarded();
    const link = { ...html, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "document" };
    const first = await send("/runs?status=failed", { headers: link });
    expect([first.status, await first.text()]).toEqual([
      200,
      expect.stringContaining('<meta http-equiv="refresh" content="0; url=/runs?status=failed"/>'),
    ]);
    expect((await send("/", { headers: { ...link, "Sec-Fetch-Dest": "iframe" } })).status).toBe(303);
    // No path leads elsewhere.
    for (const path of ["//evil.example/runs", "/runs//evil.example"])
      expect((await app.request(`https://driver.example${path}`, { headers: link })).status).not.toBe(200);
  });

  test("a server without tokens shows its pages by links, too, and nothing to the page that has them", async () => {
    const { open, write } = await openStage();
    const { runId } = await write.run("prod", ["requested"]);
    const link = { ...html, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "document" };
    const text = await (await open("/", link)).text();
    expect(text).toContain('content="0; url=/"');
    expect(text).not.toContain(runId);
    expect((await open("/", { ...link, "Sec-Fetch-Dest": "empty" })).status).toBe(403);
    expect((await open("/runs", { ...link, Accept: "application/json" })).status).toBe(403);
  });
});

describe("A session", () => {
  test("ends after twelve hours", async () => {
    const { signIn, cookieOf, readAs, time } = await openGuarded();
    const cookie = cookieOf(await signIn("secret-alice"));
    time.now += 12 * hour - 1;
    expect((await readAs(cookie)).status).toBe(200);
    time.now += 1;
    expect((await readAs(cookie)).headers.get("Location")).toBe("/sign-in?to=%2F");
    expect((await readAs(cookie, "/runs", {})).status).toBe(401);
  });

  test("ends with its token, has the rights of now, and needs nothing that the front door keeps", async () => {
    const first = await openGuarded({ config: { tokens: [token("alice"), token("bob")] } });
    const run = await first.write.run("test");
    const { bus, parties, time } = first;
    const cookie = first.cookieOf(await first.signIn("secret-alice"));
    const reopen = (config: object) => openGuarded({ config, bus, parties, time });
    const same = await reopen({ tokens: [token("alice")] });
    expect((await same.readAs(cookie, `/runs/${run.runId}`)).status).toBe(200);
    const limited = await reopen({ tokens: [token("alice", { clusters: ["prod"] })] });
    expect((await limited.readAs(cookie, `/runs/${run.runId}`)).status).toBe(404);
    const renamed = await reopen({ tokens: [token("carol"), { ...token("alice"), name: "alice-2" }] });
    expect(await (await renamed.readAs(cookie)).text()).toContain("alice-2");
    const gone = await reopen({ tokens: [token("bob")] });
    expect((await gone.readAs(cookie)).status).toBe(303);
    const others = await openGuarded({ config: { tokens: [token("alice")] }, bus, time });
    expect((await others.readAs(cookie)).status).toBe(303);
  });

  test("of a JWT ends with it, and with the configuration that had it accepted", async () => {
    const { publicKey, privateKey } = await generateKeyPair("ES256");
    const jwk = { ...(await exportJWK(publicKey)), alg: "ES256" };
    const jwt = { keys: [jwk], issuer: "https://id.example" };
    const first = await openGuarded({ config: { jwt } });
    const { bus, parties, time } = first;
    const issued = await new SignJWT({ sub: "alice@example.com" })
      .setProtectedHeader({ alg: "ES256" })
      .setIssuer("https://id.example")
      .setExpirationTime(Math.floor(time.now / 1000) + 600)
      .sign(privateKey);
    const answer = await first.signIn(issued);
    expect(answer.headers.get("Set-Cookie")).toContain("Expires=Fri, 15 Jan 2027 08:10:00 GMT");
    const cookie = first.cookieOf(answer);
    expect(await (await first.readAs(cookie)).text()).toContain("alice@example.com");
    const changed = await openGuarded({ config: { jwt: { ...jwt, audience: "somebody-else" } }, bus, parties, time });
    expect((await changed.readAs(cookie)).status).toBe(303);
    time.now += 600_000;
    expect((await first.readAs(cookie)).status).toBe(303);
  });

  test("reads and cancels by our own pages, and drives nothing", async () => {
    const { signIn, cookieOf, send, write, bus } = await openGuarded();
    const Cookie = cookieOf(await signIn("secret-alice"));
    const run = await write.run("prod", ["requested", "running"]);
    const path = `/runs/${run.runId}`;
    for (const read of [
      "/runs",
      path,
      `${path}/events`,
      `${path}/logs`,
      "/events?since=2027-01-01T00:00:00Z",
      "/clusters",
    ])
      expect([read, (await send(read, { headers: { Cookie } })).status]).toEqual([read, 200]);
    const cancel = (headers: object) => send(`${path}/cancel`, { method: "POST", headers: { ...headers, Cookie } });
    for (const headers of [
      {},
      { Origin: "https://evil.example" },
      { "Sec-Fetch-Site": "same-site" },
      { "Sec-Fetch-Site": "none" },
    ])
      expect((await cancel(headers)).status).toBe(403);
    expect(await bus.controls.last(run)).toBeUndefined();
    expect((await cancel(own)).status).toBe(202);
    const body = JSON.stringify(buildBody());
    for (const method of ["PUT", "DELETE", "GET"])
      expect(
        (await send(resourcePath, { method, headers: { ...own, Cookie }, ...(method === "PUT" ? { body } : {}) }))
          .status,
      ).toBe(401);
  });

  test("of a token that may not read, or not cancel, may neither", async () => {
    const config = { tokens: [token("driver", { may: ["drive"] }), token("reader", { may: ["read"] })] };
    const { signIn, cookieOf, readAs, send, write } = await openGuarded({ config });
    const driver = await readAs(cookieOf(await signIn("secret-driver")));
    expect([driver.status, await driver.text()]).toEqual([
      403,
      expect.stringMatching(/Sign out.*has not the right to read/),
    ]);
    const run = await write.run("prod", ["requested", "running"]);
    const Cookie = cookieOf(await signIn("secret-reader"));
    const page = await (await readAs(Cookie, `/runs/${run.runId}`)).text();
    expect(page).not.toContain("/cancel");
    expect((await send(`/runs/${run.runId}/cancel`, { method: "POST", headers: { ...own, Cookie } })).status).toBe(403);
  });

  test("counts for nothing beside a token, and a made-up one for nothing at all", async () => {
    const { signIn, cookieOf, send, readAs } = await openGuarded();
    const Cookie = cookieOf(await signIn("secret-alice"));
    expect((await send("/runs", { headers: { Cookie, Authorization: "Bearer wrong" } })).status).toBe(401);
    for (const text of ["x", "a.b.c.d.e", Cookie.split("=")[1]?.slice(0, -2), "x".repeat(5000)])
      expect((await readAs(`__Host-container-driver-session=${text}`)).status).toBe(303);
    expect((await readAs(Cookie.replace("__Host-", ""))).status).toBe(303);
  });
});
