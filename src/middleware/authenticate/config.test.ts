import { exportJWK, exportPKCS8, exportSPKI, generateKeyPair } from "jose";
import { describe, expect, test } from "vitest";
import { createConsoleLogger } from "../../log.ts";
import { createAuthentication } from "./authenticate.ts";
import { isOpen, parseAuthenticationConfig } from "./config.ts";

const hash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
const pem = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----";

async function getProblem(config: unknown): Promise<string> {
  const parsed = parseAuthenticationConfig(config);
  if (!parsed.ok) return parsed.problem;
  const logger = createConsoleLogger({ write: () => undefined, now: () => new Date(0), level: "silent" });
  const created = await createAuthentication(parsed.value, { logger, now: () => new Date(0) });
  return created.ok ? "taken" : created.problem;
}

describe("a configuration is refused", () => {
  test.each([
    ["a list", [], /must be an object/],
    ["an unknown kind", { password: "x" }, /password/],
    ["no tokens", { tokens: [] }, /tokens must hold a token/],
    ["a token in plain text", { tokens: [{ name: "ci", sha256: "secret" }] }, /tokens\[0\].sha256 must be the SHA-256/],
    ["a token without a name", { tokens: [{ sha256: hash }] }, /tokens\[0\].name is missing/],
    ["a name with a newline", { tokens: [{ name: "a\nb", sha256: hash }] }, /tokens\[0\].name must be/],
    ["JWTs without keys", { jwt: { issuer: "x" } }, /jwt must hold keys or jwks/],
    ["an empty list of keys", { jwt: { keys: [] } }, /jwt.keys must hold a key/],
    ["an empty audience", { jwt: { keys: [pem], audience: "" } }, /jwt.audience must not be empty/],
    ["a misspelt rule", { jwt: { keys: [pem], audiences: ["x"] } }, /audiences/],
    ["a key set over http", { jwt: { jwks: { url: "http://id.example/jwks" } } }, /jwt.jwks.url must be an https URL/],
    ["a key set in a file", { jwt: { jwks: { url: "file:///etc/jwks" } } }, /must be an https URL/],
    ["a key set with a password", { jwt: { jwks: { url: "https://a:b@id.example/" } } }, /must be an https URL/],
    [
      "an HMAC for a key set",
      { jwt: { jwks: { url: "https://id.example/", algorithms: ["HS256"] } } },
      /algorithms\[0\]/,
    ],
    [
      "no algorithm for a key set",
      { jwt: { jwks: { url: "https://id.example/", algorithms: [] } } },
      /must hold an algorithm/,
    ],
    ["an HMAC key", { jwt: { keys: [{ kty: "oct", k: "AAAA" }] } }, /jwt.keys\[0\] is an object, must be PEM/],
    ["a key for none", { jwt: { keys: [{ kty: "RSA", n: "AQAB", e: "AQAB", alg: "none" }] } }, /must be PEM/],
    ["an encryption key", { jwt: { keys: [{ kty: "RSA", n: "AQAB", e: "AQAB", use: "enc" }] } }, /must be PEM/],
    ["no organizations", { orchestrator: { keys: [pem], organizations: [] } }, /must hold an organization/],
    ["an orchestrator without keys", { orchestrator: {} }, /orchestrator.keys is missing/],
  ])("with %s", async (_, config, problem) => {
    expect(await getProblem(config)).toMatch(problem);
  });
});

describe("a key is refused", () => {
  const certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----";
  const pkcs1 = "-----BEGIN RSA PUBLIC KEY-----\nAAAA\n-----END RSA PUBLIC KEY-----";
  test.each([
    ["damaged PEM", pem],
    ["nonsense", "x"],
    ["a certificate", certificate],
    ["PKCS #1", pkcs1],
    ["nothing", ""],
  ])("that is %s, by its place", async (_, key) => {
    expect(await getProblem({ jwt: { keys: [key] } })).toMatch(
      /^jwt\.keys\[0\] is no public key that can be used: PEM/,
    );
  });

  test("that is private, as PEM or as a JWK, without repeating it", async () => {
    const { privateKey } = await generateKeyPair("RS256", { extractable: true });
    const jwk = await crypto.subtle.exportKey("jwk", privateKey);
    expect(await getProblem({ jwt: { keys: [await exportPKCS8(privateKey)] } })).toMatch(/is no public key/);
    const problem = await getProblem({ jwt: { keys: [jwk] } });
    expect(problem).toMatch(/^jwt\.keys\[0\] is a private key: configure the public one/);
    expect(problem).not.toContain(jwk.d);
  });

  test("that is an RSA key of 1024 bits", async () => {
    const parameters = {
      name: "RSASSA-PKCS1-v1_5",
      modulusLength: 1024,
      publicExponent: Uint8Array.of(1, 0, 1),
      hash: "SHA-256",
    };
    const { publicKey } = await crypto.subtle.generateKey(parameters, true, ["sign", "verify"]);
    expect(await getProblem({ orchestrator: { keys: [await exportSPKI(publicKey)] } })).toBe(
      "orchestrator.keys[0] is an RSA key of 1024 bits, at least 2048 are needed",
    );
  });

  test.each(["ES256", "Ed25519"])("that is %s where the orchestrator's RSA key belongs", async (algorithm) => {
    const { publicKey } = await generateKeyPair(algorithm, { extractable: true });
    expect(await getProblem({ orchestrator: { keys: [await exportSPKI(publicKey)] } })).toBe(
      "orchestrator.keys[0] is not an RSA key for RS256",
    );
  });

  test("of a curve that its alg is not for, or that nothing is for", async () => {
    const { publicKey } = await generateKeyPair("ES256", { extractable: true });
    const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", publicKey);
    expect(await getProblem({ jwt: { keys: [{ kty, crv, x, y, alg: "ES384" }] } })).toMatch(
      /is no public key for ES384/,
    );
    expect(await getProblem({ jwt: { keys: [{ kty, crv, x, y, alg: "RS256" }] } })).toMatch(
      /is no public key for RS256/,
    );
    expect(await getProblem({ jwt: { keys: [{ kty, crv: "secp256k1", x, y }] } })).toMatch(
      /a crv that no algorithm here/,
    );
    expect(await getProblem({ jwt: { keys: [{ kty: "OKP", crv: "constructor", x }] } })).toMatch(
      /a crv that no algorithm/,
    );
  });
});

describe("a configuration is taken", () => {
  test.each(["RS256", "ES256", "ES384", "ES512", "Ed25519"])("with a %s key as PEM and as a JWK", async (algorithm) => {
    const { publicKey } = await generateKeyPair(algorithm, { extractable: true });
    const jwk = await exportJWK(publicKey);
    const spki = await exportSPKI(publicKey);
    expect(await getProblem({ jwt: { keys: [spki, `\n${spki}\n`, jwk] } })).toBe("taken");
  });

  test.each(["https://id.example/jwks", "http://127.0.0.1:8080/jwks", "http://localhost/jwks", "http://[::1]:1/"])(
    "with a key set at %s",
    async (url) => {
      expect(await getProblem({ jwt: { jwks: { url } } })).toBe("taken");
    },
  );

  test("and only an empty one is open", () => {
    expect(isOpen({})).toBe(true);
    expect(isOpen({ tokens: [{ name: "ci", sha256: hash }] })).toBe(false);
    expect(isOpen({ orchestrator: { keys: [pem] } })).toBe(false);
  });
});
