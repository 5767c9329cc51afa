import { Hono } from "hono";
import { exportJWK, exportSPKI, generateKeyPair, SignJWT } from "jose";
import { beforeAll, describe, expect, test } from "vitest";
import { check } from "../../src/contract/decode.ts";
import type { LogFields, Logger } from "../../src/log.ts";
import { createAuthentication, type AuthenticationVariables } from "../../src/middleware/authenticate/authenticate.ts";
import { AuthenticationConfig } from "../../src/middleware/authenticate/config.ts";
import { buildForgedTokens, type Forgery } from "./forged-tokens.ts";
import { buildConfig, createIdentities, type Identities } from "./identities.ts";
import { buildToken } from "./sign.ts";
import { buildClaims, buildValidTokens, type ValidToken } from "./valid-tokens.ts";

const now = new Date("2026-11-20T12:00:00.500Z");

let identities: Identities;
let config: AuthenticationConfig;
let valid: ValidToken[];
let forged: Forgery[];

beforeAll(async () => {
  identities = await createIdentities();
  config = take(check(AuthenticationConfig, await buildConfig(identities)));
  valid = await buildValidTokens(identities, now);
  forged = await buildForgedTokens(identities, now);
});

function take<T>(result: { ok: true; value: T } | { ok: false; problem: string }): T {
  if (!result.ok) throw new Error(result.problem);
  return result.value;
}

/** An app behind the middleware that answers with the caller, and what was logged. */
async function createGuardedApp(one: AuthenticationConfig = config) {
  const lines: LogFields[] = [];
  const note = (fields: LogFields) => void lines.push(fields);
  const logger: Logger = { debug: note, info: note, warn: note, error: note, child: () => logger };
  const app = new Hono<{ Variables: AuthenticationVariables }>();
  app.use(take(await createAuthentication(one, { logger, now: () => now })));
  app.get("/drivers/container/abc", (c) => c.json(c.get("caller")));
  const ask = async (authorization?: string) =>
    app.request("/drivers/container/abc", authorization === undefined ? {} : { headers: { authorization } });
  return { ask, lines };
}

describe("authentication", () => {
  test("lets every good token in, as who it is", async () => {
    const { ask, lines } = await createGuardedApp();
    for (const { name, authorization, caller } of valid) {
      const answer = await ask(authorization);
      expect([name, answer.status, await answer.json()]).toEqual([name, 200, caller]);
    }
    expect(lines).toEqual([]);
  });

  test("lets no forged token in", async () => {
    const { ask } = await createGuardedApp();
    const letIn: string[] = [];
    for (const { name, authorization } of forged) if ((await ask(authorization)).status !== 401) letIn.push(name);
    expect(letIn).toEqual([]);
    expect(new Set(forged.map(({ name }) => name)).size).toBe(forged.length);
    expect(forged.length).toBeGreaterThan(300);
  });

  test.each(["tokens", "jwt", "orchestrator"] as const)("with %s alone, lets in only its own tokens", async (kind) => {
    const { ask } = await createGuardedApp({ [kind]: config[kind] });
    for (const { authorization } of forged) expect((await ask(authorization)).status).toBe(401);
    for (const { name, authorization, caller } of valid) {
      const expected = caller.kind === (kind === "tokens" ? "token" : kind) ? 200 : 401;
      expect([name, (await ask(authorization)).status]).toEqual([name, expected]);
    }
  });

  test("lets no good token in with any one character changed", async () => {
    const { ask } = await createGuardedApp();
    const letIn: string[] = [];
    for (const { name, authorization } of valid.filter(({ name }) =>
      /^(ES256|RS256|EdDSA|orchestrator's, as)/.test(name),
    )) {
      for (let i = 7; i < authorization.length; i += 3) {
        const spoiled = `${authorization.slice(0, i)}${authorization[i] === "A" ? "Q" : "A"}${authorization.slice(i + 1)}`;
        if ((await ask(spoiled)).status !== 401) letIn.push(`${name} at ${i}`);
      }
    }
    expect(letIn).toEqual([]);
  });

  test("refuses each forgery for a reason of its own kind, in the log only", async () => {
    const { ask, lines } = await createGuardedApp();
    const answers = new Set<string>();
    for (const { authorization } of forged) {
      const answer = await ask(authorization);
      answers.add(JSON.stringify([await answer.text(), [...answer.headers]]));
    }
    expect(answers.size).toBe(1);
    expect(lines).toHaveLength(forged.length);
    expect(new Set(lines.map(({ reason }) => reason)).size).toBeGreaterThan(20);
  });

  test("logs no token and no part of one", async () => {
    const { ask, lines } = await createGuardedApp();
    for (const { authorization } of forged) {
      await ask(authorization);
      const line = JSON.stringify(lines.at(-1));
      const parts = authorization.split(/[ .,]/).filter((part) => part.length > 20);
      for (const part of parts) expect(line).not.toContain(part);
    }
  });
});

describe("a caller who is refused", () => {
  test("is told what to do, with 401 and a challenge", async () => {
    const { ask } = await createGuardedApp();
    const answer = await ask();
    expect(answer.status).toBe(401);
    expect(answer.headers.get("WWW-Authenticate")).toBe("Bearer");
    expect(await answer.json()).toEqual({
      error: "RES-103",
      message: expect.stringContaining("Authorization: Bearer"),
    });
  });

  test.each([16 * 1024, 4 * 1024 ** 2])(
    "with a token of %d characters is refused before it is looked at",
    async (length) => {
      const { ask, lines } = await createGuardedApp();
      expect((await ask(`Bearer ${"a".repeat(length)}`)).status).toBe(401);
      expect(lines.at(-1)?.["reason"]).toBe(`the Authorization header is ${length + 7} bytes, the limit is 8192 bytes`);
    },
  );
});

describe("a time limit", () => {
  test.each([
    ["exp", -30, 200],
    ["exp", -31, 401],
    ["nbf", 30, 200],
    ["nbf", 31, 401],
    ["iat", 30, 200],
    ["iat", 31, 401],
  ])("%s %d seconds from now answers %d", async (claim, distance, status) => {
    const seconds = Math.floor(now.getTime() / 1000);
    const claims = { ...buildClaims(identities, now), [claim]: seconds + distance + (claim === "exp" ? 1 : 0) };
    const { ask } = await createGuardedApp();
    const token = await buildToken({ alg: "RS256", kid: "rsa-1" }, claims, identities.rsa.sign);
    expect((await ask(`Bearer ${token}`)).status).toBe(status);
  });
});

test.each(["RS256", "ES256", "ES384", "ES512", "Ed25519"])(
  "a %s key as PEM or as a JWK takes its tokens",
  async (alg) => {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
    const token = await new SignJWT({ sub: "alice" }).setProtectedHeader({ alg }).sign(privateKey);
    const other = identities.ec.pem;
    for (const key of [await exportSPKI(publicKey), await exportJWK(publicKey)]) {
      const { ask } = await createGuardedApp(take(check(AuthenticationConfig, { jwt: { keys: [other, key] } })));
      expect((await ask(`Bearer ${token}`)).status).toBe(200);
    }
  },
);

test("without any configuration everybody is let in as nobody in particular", async () => {
  const { ask } = await createGuardedApp({});
  for (const authorization of [undefined, "Bearer x", "nonsense"]) {
    expect(await (await ask(authorization)).json()).toEqual({ kind: "anonymous", name: "anonymous" });
  }
});
