/**
 * For `deno check` alone: jose's types are Node's, whose `CryptoKey` knows usages (`encapsulateBits`) that Deno's own
 * doesn't know yet. At run time there is one `CryptoKey`.
 */
import type { webcrypto } from "node:crypto";

declare global {
  interface SubtleCrypto {
    sign(algorithm: "HMAC", key: webcrypto.CryptoKey, data: BufferSource): Promise<ArrayBuffer>;
    verify(
      algorithm: "HMAC" | "RSASSA-PKCS1-v1_5",
      key: webcrypto.CryptoKey,
      signature: BufferSource,
      data: BufferSource,
    ): Promise<boolean>;
    deriveBits(algorithm: HkdfParams, key: webcrypto.CryptoKey, length: number): Promise<ArrayBuffer>;
  }
}
