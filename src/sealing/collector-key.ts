/**
 * The key that a run's collector seals with. Derived from the run's own key, which never goes into the cluster's API: who
 * can read the run's Secret can read what the collector prints, but can't forge the run's result.
 */
import { base64url } from "jose";
import { deriveBytes } from "./run-key.ts";

/**
 * Derives the collector's key, base64url of 32 bytes, from an order's `runKey`: as often as it is needed, so that an agent
 * which takes a run over needs no look into its Secret.
 */
export async function deriveCollectorKey(runKey: string): Promise<string> {
  const bytes = new Uint8Array(base64url.decode(runKey));
  const key = await crypto.subtle.importKey("raw", bytes, "HKDF", false, ["deriveBits"]);
  return base64url.encode(await deriveBytes({ key }, "container-driver/collector-key/v1"));
}
