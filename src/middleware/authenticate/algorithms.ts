/** Signatures that tokens may have: public-key ones only. What a key pins, a token can't change. */
export const signatureAlgorithms = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
] as const;
export type SignatureAlgorithm = (typeof signatureAlgorithms)[number];

/** One algorithm for each kind of key, so that no key of a set can be used with two, unless configured. */
export const defaultJwksAlgorithms: SignatureAlgorithm[] = ["RS256", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"];

/** Both names of the one signature that an Ed25519 key can make (RFC 8037, RFC 9864). */
export const edwardsNames: readonly SignatureAlgorithm[] = ["EdDSA", "Ed25519"];
