import { createServer, type RequestListener, type Server } from "node:http";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import { Hono } from "hono";
import { createConsoleLogger } from "../../src/log.ts";
import { createAuthentication } from "../../src/middleware/authenticate/authenticate.ts";
import { parseAuthenticationConfig } from "../../src/middleware/authenticate/config.ts";
import { createIdentities, signDifferently, type Identities } from "./identities.ts";
import { buildToken, signWithSecret, type Part, type Sign } from "./sign.ts";
import { buildClaims } from "./valid-tokens.ts";

let identities: Identities;
const servers: Server[] = [];

beforeAll(async () => {
  identities = await createIdentities();
});

afterEach(async () => {
  vi.useRealTimers();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

/** An identity provider on loopback; `answer` can be replaced while it runs. */
async function startProvider(keys: object[]) {
  const provider = { url: "", reads: 0, answer: undefined as RequestListener | undefined, keys };
  const server = createServer((request, response) => {
    provider.reads++;
    if (provider.answer !== undefined) provider.answer(request, response);
    else response.setHeader("content-type", "application/json").end(JSON.stringify({ keys: provider.keys }));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("Cannot start the provider: no port");
  provider.url = `http://127.0.0.1:${address.port}/jwks.json`;
  return provider;
}

async function createGuardedApp(url: string, more: object = {}) {
  const lines: string[] = [];
  const logger = createConsoleLogger({ write: (line) => lines.push(line), now: () => new Date(0), level: "warn" });
  const config = parseAuthenticationConfig({
    jwt: { jwks: { url }, issuer: identities.issuer, audience: identities.audience, ...more },
  });
  if (!config.ok) throw new Error(config.problem);
  const authenticate = await createAuthentication(config.value, { logger, now: () => new Date() });
  if (!authenticate.ok) throw new Error(authenticate.problem);
  const app = new Hono().use(authenticate.value).get("/", (c) => c.text("in"));
  const ask = async (token: string) => app.request("/", { headers: { authorization: `Bearer ${token}` } });
  return { ask, lines };
}

const sign = (header: Part, by: Sign) => buildToken(header, buildClaims(identities, new Date()), by);
const signRsa = () => sign({ alg: "RS256", kid: "rsa-1" }, identities.rsa.sign);
const signEc = () => sign({ alg: "ES256", kid: "ec-1" }, identities.ec.sign);

test("tokens signed by published keys are let in, and the set is read once", async () => {
  const provider = await startProvider([identities.rsa.jwk, identities.ec.jwk]);
  const { ask } = await createGuardedApp(provider.url);
  for (const token of [await signRsa(), await signEc(), await signRsa()]) expect((await ask(token)).status).toBe(200);
  expect(provider.reads).toBe(1);
});

test("200 callers at once cause one reading", async () => {
  const provider = await startProvider([identities.rsa.jwk]);
  const { ask } = await createGuardedApp(provider.url);
  const token = await signRsa();
  const answers = await Promise.all(Array.from({ length: 200 }, () => ask(token)));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect(provider.reads).toBe(1);
});

test("a key that was added is found after the cooldown, and strangers' keys cause no reading before it", async () => {
  const provider = await startProvider([identities.rsa.jwk]);
  const { ask } = await createGuardedApp(provider.url);
  expect((await ask(await signRsa())).status).toBe(200);
  provider.keys = [identities.rsa.jwk, identities.ec.jwk];
  for (let i = 0; i < 20; i++) expect((await ask(await signEc())).status).toBe(401);
  expect(provider.reads).toBe(1);
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 31_000 });
  expect((await ask(await signEc())).status).toBe(200);
  expect(provider.reads).toBe(2);
});

test("a key that was withdrawn is refused once the set is old", async () => {
  const provider = await startProvider([identities.rsa.jwk]);
  const { ask } = await createGuardedApp(provider.url);
  expect((await ask(await signRsa())).status).toBe(200);
  provider.keys = [identities.ec.jwk];
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 601_000 });
  expect((await ask(await signRsa())).status).toBe(401);
});

test("what a published key can't have signed is refused", async () => {
  const { rsa, ec, stranger } = identities;
  const secret = { kty: "oct", k: "c2VjcmV0", kid: "oct-1", alg: "HS256" };
  const provider = await startProvider([rsa.jwk, ec.jwk, secret]);
  const { ask } = await createGuardedApp(provider.url);
  const asPss = await signDifferently(rsa, { name: "RSA-PSS", hash: "SHA-256" }, { name: "RSA-PSS", saltLength: 32 });
  const forged = [
    await sign({ alg: "RS256", kid: "rsa-1" }, stranger.rsa.sign),
    await sign({ alg: "RS256", kid: "rsa-2" }, rsa.sign),
    await sign({ alg: "RS256", kid: "ec-1" }, rsa.sign),
    await sign({ alg: "RS256", kid: 1 }, rsa.sign),
    await sign({ alg: "PS256", kid: "rsa-1" }, asPss),
    await sign({ alg: "HS256", kid: "oct-1" }, signWithSecret("secret", "SHA-256")),
    await sign({ alg: "HS256", kid: "rsa-1" }, signWithSecret(rsa.pem, "SHA-256")),
    await sign({ alg: "RS256", kid: "rsa-1", jku: "http://127.0.0.1:9/" }, stranger.rsa.sign),
    await sign({ alg: "ES256" }, stranger.ec.sign),
    await buildToken(
      { alg: "RS256", kid: "rsa-1" },
      { ...buildClaims(identities, new Date()), aud: "other" },
      rsa.sign,
    ),
  ];
  for (const [i, token] of forged.entries()) expect([i, (await ask(token)).status]).toEqual([i, 401]);
});

test("an algorithm that is configured for the set is taken", async () => {
  const provider = await startProvider([identities.pss.jwk]);
  const token = await sign({ alg: "PS256", kid: "pss-1" }, identities.pss.sign);
  expect((await (await createGuardedApp(provider.url)).ask(token)).status).toBe(401);
  const { ask } = await createGuardedApp(provider.url, { jwks: { url: provider.url, algorithms: ["PS256"] } });
  expect((await ask(token)).status).toBe(200);
});

test("without kid a set with several keys of a kind is not guessed at", async () => {
  const provider = await startProvider([identities.rsa.jwk, { ...identities.stranger.rsa.jwk, kid: "rsa-2" }]);
  const { ask, lines } = await createGuardedApp(provider.url);
  expect((await ask(await sign({ alg: "RS256" }, identities.rsa.sign))).status).toBe(401);
  expect(lines.at(-1)).toContain("it needs a kid");
});

test("configured keys and a set go together", async () => {
  const provider = await startProvider([identities.rsa.jwk]);
  const { ask } = await createGuardedApp(provider.url, { keys: [identities.orchestrator.pem, identities.ec.pem] });
  expect((await ask(await signEc())).status).toBe(200);
  expect(provider.reads).toBe(0);
  expect((await ask(await signRsa())).status).toBe(200);
  expect((await ask(await sign({ alg: "RS256" }, identities.stranger.rsa.sign))).status).toBe(401);
});

test.each<[string, RequestListener]>([
  ["fails", (_, response) => response.writeHead(500).end()],
  ["answers with a page", (_, response) => response.end("<html>")],
  ["answers with other JSON", (_, response) => response.end('{"keys":1}')],
  ["sends elsewhere", (_, response) => response.writeHead(302, { location: "https://evil.example/" }).end()],
  ["hangs up", (request) => request.socket.destroy()],
])("while the provider %s, callers are told to try again; then they are let in", async (_, answer) => {
  const provider = await startProvider([identities.rsa.jwk]);
  provider.answer = answer;
  const { ask, lines } = await createGuardedApp(provider.url);
  const refused = await ask(await signRsa());
  expect([refused.status, refused.headers.get("Retry-After")]).toEqual([503, "5"]);
  expect(await refused.json()).toMatchObject({ error: "RES-152" });
  expect(lines.at(-1)).toMatch(/the key set can't be read/);
  provider.answer = undefined;
  expect((await ask(await signRsa())).status).toBe(200);
});

test("a provider that doesn't answer costs five seconds, not more", async () => {
  const provider = await startProvider([identities.rsa.jwk]);
  provider.answer = () => undefined;
  const { ask } = await createGuardedApp(provider.url);
  const begun = performance.now();
  expect((await ask(await signRsa())).status).toBe(503);
  expect(performance.now() - begun).toBeLessThan(15_000);
});

test("tokens that can't be good cause no reading", async () => {
  const provider = await startProvider([identities.rsa.jwk]);
  const { ask } = await createGuardedApp(provider.url);
  for (const header of [
    { alg: "none" },
    { alg: "HS256" },
    { alg: "PS256" },
    { alg: "RS256", kid: 1 },
    { alg: "RS256", crit: ["x"] },
  ]) {
    expect((await ask(await sign(header, identities.rsa.sign))).status).toBe(401);
  }
  expect((await ask("nonsense")).status).toBe(401);
  expect(provider.reads).toBe(0);
});
