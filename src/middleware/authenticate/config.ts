/** Who may call the driver, as configured. Several kinds may be configured at once: a token has to satisfy one of them. */
import * as v from "valibot";
import { check } from "../../contract/decode.ts";
import { isJsonObject } from "../../contract/json.ts";
import { isLoopback } from "../../contract/loopback.ts";
import type { Result } from "../../contract/result.ts";
import { defaultJwksAlgorithms, signatureAlgorithms } from "./algorithms.ts";
import { rightsEntries } from "./rights.ts";

const name = v.pipe(v.string(), v.regex(/^[\w.@:/-]{1,128}$/, "must be 1 to 128 of A-Z, a-z, 0-9 and _ . @ : / -"));
const text = v.pipe(v.string(), v.nonEmpty("must not be empty"));

/** A token that is known by its hash: whoever reads the configuration can't use it. */
const StaticToken = v.strictObject({
  name,
  sha256: v.pipe(
    v.string(),
    v.regex(/^[0-9a-fA-F]{64}$/, "must be the SHA-256 of the token, 64 hex digits"),
    v.toLowerCase(),
  ),
  ...rightsEntries,
});

/**
 * A public key: PEM (`BEGIN PUBLIC KEY`) or a JWK. It pins its algorithm: a JWK's `alg`, otherwise RS256, ES256, ES384,
 * ES512 or EdDSA by its kind. Tokens that name a `kid` are held against the JWK's.
 */
export const PublicKey = v.union(
  [
    v.string(),
    v.looseObject({
      kty: v.picklist(["RSA", "EC", "OKP"]),
      crv: v.exactOptional(v.string()),
      kid: v.exactOptional(v.string()),
      alg: v.exactOptional(v.picklist(signatureAlgorithms)),
      use: v.exactOptional(v.literal("sig")),
    }),
  ],
  `must be PEM (BEGIN PUBLIC KEY) or a JWK of kty RSA, EC or OKP, its alg one of ${signatureAlgorithms.join(", ")}`,
);
export type PublicKey = v.InferOutput<typeof PublicKey>;

const keys = v.pipe(v.array(PublicKey), v.minLength(1, "must hold a key"));

/** https, as whoever can change the answer is let in; plain http only where nobody is in between. */
const JwksUrl = v.pipe(
  v.string(),
  v.check((url) => URL.canParse(url) && isSafe(new URL(url)), "must be an https URL (http only on loopback)"),
);

const Jwt = v.pipe(
  v.strictObject({
    keys: v.optional(keys),
    /** Where an identity provider publishes its keys. */
    jwks: v.optional(
      v.strictObject({
        url: JwksUrl,
        algorithms: v.optional(
          v.pipe(v.array(v.picklist(signatureAlgorithms)), v.minLength(1, "must hold an algorithm")),
          defaultJwksAlgorithms,
        ),
      }),
    ),
    issuer: v.optional(text),
    audience: v.optional(text),
    /** Of all that the issuer signs for. */
    ...rightsEntries,
  }),
  v.check(({ keys, jwks }) => keys !== undefined || jwks !== undefined, "must hold keys or jwks"),
);

/** The orchestrator's own token: signed with RS256, whatever its header says, for an organization. */
const Orchestrator = v.strictObject({
  keys,
  /** Organizations that are let in; without it, all that the orchestrator signs for. */
  organizations: v.optional(v.pipe(v.array(text), v.minLength(1, "must hold an organization"))),
  ...rightsEntries,
});

const Kinds = v.strictObject({
  tokens: v.optional(v.pipe(v.array(StaticToken), v.minLength(1, "must hold a token"))),
  jwt: v.optional(Jwt),
  orchestrator: v.optional(Orchestrator),
});

// A list would pass for an object without keys, and that lets everybody in.
const KindsInput = v.custom<v.InferInput<typeof Kinds>>(isJsonObject, "must be an object");

export const AuthenticationConfig = v.pipe(KindsInput, Kinds);
export type AuthenticationConfig = v.InferOutput<typeof AuthenticationConfig>;

/** Reads a configuration (parsed JSON). */
export function parseAuthenticationConfig(config: unknown): Result<AuthenticationConfig> {
  return check(AuthenticationConfig, config);
}

/** Whether everybody is let in: only for servers that nobody else can reach. */
export function isOpen({ tokens, jwt, orchestrator }: AuthenticationConfig): boolean {
  return tokens === undefined && jwt === undefined && orchestrator === undefined;
}

function isSafe({ protocol, hostname, username, password }: URL): boolean {
  return (
    username === "" && password === "" && (protocol === "https:" || (protocol === "http:" && isLoopback(hostname)))
  );
}
