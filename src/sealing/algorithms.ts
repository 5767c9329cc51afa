/** The algorithms, fixed and never negotiated: whatever names another one is refused before any key is touched. */

/** Signs orders and controls: Ed25519, by its fully specified name (RFC 9864). */
export const signingAlgorithm = "Ed25519";

/** Agrees on a key with the cluster: ECDH-ES over X25519 (RFC 8037). */
export const sealingAlgorithm = "ECDH-ES";

/** Results are sealed under the run key itself. */
export const resultAlgorithm = "dir";

export type KeyManagement = typeof sealingAlgorithm | typeof resultAlgorithm;

export const contentEncryption = "A256GCM";

/** `typ` of each sealed thing, so that one can't be passed off as another. */
export const types = {
  inputs: "container-driver-inputs",
  order: "container-driver-order",
  signedOrder: "container-driver-signed-order",
  control: "container-driver-control",
  result: "container-driver-result",
  collected: "container-driver-collected",
  session: "container-driver-session",
} as const;
