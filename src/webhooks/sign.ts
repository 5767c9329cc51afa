/**
 * Standard Webhooks 1.0: HMAC-SHA256 over `<id>.<timestamp>.<payload>`, in base64, behind `v1,`. Several secrets give
 * several signatures, so that receivers can change theirs without missing anything.
 */
import * as v from "valibot";

/** `whsec_` and 24 to 64 random bytes in base64. */
export const WebhookSecret = v.pipe(
  v.string(),
  v.check(
    (text) => isFit(decodeSecret(text)?.length ?? 0),
    "must be whsec_ and 24 to 64 bytes in base64, such as whsec_$(openssl rand -base64 32)",
  ),
);

const isFit = (bytes: number) => bytes >= 24 && bytes <= 64;

function decodeSecret(text: string): Uint8Array<ArrayBuffer> | undefined {
  const [, base64 = ""] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text) ?? [];
  if (base64 === "" || base64.length % 4 !== 0) return undefined;
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

export interface Signed {
  /** The same however often it is sent; no dots. */
  readonly id: string;
  /** When it is sent, seconds since 1970. */
  readonly timestamp: number;
  readonly payload: Uint8Array;
}

/** The headers that a payload is sent with. Throws where a secret is none. */
export async function buildWebhookHeaders(
  { id, timestamp, payload }: Signed,
  secrets: readonly string[],
): Promise<Record<string, string>> {
  const head = new TextEncoder().encode(`${id}.${timestamp}.`);
  const content = new Uint8Array(head.length + payload.length);
  content.set(head);
  content.set(payload, head.length);
  const signatures = await Promise.all(secrets.map((secret) => sign(content, secret)));
  return {
    "webhook-id": id,
    "webhook-timestamp": String(timestamp),
    "webhook-signature": signatures.map((signature) => `v1,${signature}`).join(" "),
  };
}

async function sign(content: Uint8Array<ArrayBuffer>, secret: string): Promise<string> {
  const bytes = decodeSecret(secret);
  if (bytes === undefined) throw new TypeError("Cannot sign a webhook: the secret is not whsec_ and base64");
  const key = await crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const signature = new Uint8Array(await crypto.subtle.sign("HMAC", key, content));
  return btoa(String.fromCharCode(...signature));
}
