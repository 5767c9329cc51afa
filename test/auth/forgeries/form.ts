/** Tokens that are cut, stretched, respelled or no tokens at all. */
import { base64url, CompactEncrypt } from "jose";
import type { Identities } from "../identities.ts";
import { buildToken, encodePart, hashToken } from "../sign.ts";
import { orchestratorHeader } from "../valid-tokens.ts";
import { toForgeries, type Forgery, type Named, type Workshop } from "./forgery.ts";

const header = { alg: "RS256", kid: "rsa-1" };

export async function buildFormForgeries({ identities, claims }: Workshop): Promise<Forgery[]> {
  const token = await buildToken(header, claims, identities.rsa.sign);
  const [head = "", body = "", tail = ""] = token.split(".");
  const cuts = [
    1,
    2,
    5,
    head.length,
    head.length + 1,
    head.length + 9,
    head.length + body.length + 1,
    token.length - 300,
    token.length - 100,
    token.length - 4,
    token.length - 2,
    token.length - 1,
  ];
  const named: Named = [
    ...cuts.map((length) => [`cut to ${length} characters`, token.slice(0, length)] as const),
    ["without signature", `${head}.${body}.`],
    ["without signature and dot", `${head}.${body}`],
    ["without header", `.${body}.${tail}`],
    ["without payload", `${head}..${tail}`],
    ["only dots", ".."],
    ["one dot more", `${token}.`],
    ["one part more", `${token}.AAAA`],
    ["a dot first", `.${token}`],
    ["parts in another order", `${body}.${head}.${tail}`],
    ["the signature of another", `${head}.${encodePart({ ...claims, sub: "mallory" })}.${tail}`],
    ["the header of another", `${encodePart({ ...header, x: 1 })}.${body}.${tail}`],
    ["a signature character changed", `${head}.${body}.${tail[0] === "A" ? "B" : "A"}${tail.slice(1)}`],
    ["percent-encoded", token.replaceAll(".", "%2E")],
    ["quoted", `"${token}"`],
    ["in angle brackets", `<${token}>`],
    ["twice in a row", `${token}${token}`],
    ["in base64 again", base64url.encode(new TextEncoder().encode(token))],
    ["JSON serialisation", JSON.stringify({ protected: head, payload: body, signature: tail })],
    ["encrypted instead of signed", encryptToken(identities)],
    ["9 KiB long", buildToken(header, { ...claims, x: "x".repeat(6 * 1024 + 512) }, identities.rsa.sign)],
  ];
  return toForgeries("form", named);
}

/** Other spellings of a good token: one token, one text. */
export async function buildSpellingForgeries({ identities, claims }: Workshop): Promise<Forgery[]> {
  const token = await buildToken(header, claims, identities.rsa.sign);
  const odd = await buildToken(orchestratorHeader, { orgID: identities.organization }, identities.orchestrator.sign);
  const [head = "", body = "", tail = ""] = token.split(".");
  const named: Named = [
    ["signature with padding", `${token}==`],
    ["signature with spare bits", respellEnd(token)],
    ["orchestrator's signature with spare bits", respellEnd(odd)],
    ["orchestrator's signature with padding", `${odd}==`],
    ["header with padding", `${head}=.${body}.${tail}`],
    ["plain base64 alphabet", `${head}.${body}.${`-_${tail}`.replaceAll("-", "+").replaceAll("_", "/")}`],
    ["a space inside", `${head}.${body} .${tail}`],
    ["a tab inside", `${head}.\t${body}.${tail}`],
    ["a letter that is not ASCII", `${head}.${body}.${tail.slice(0, -1)}\u00e9`],
    ["a no-break space at its end", `${token}\u00a0`],
    ["a soft hyphen inside", `${head}\u00ad.${body}.${tail}`],
    ["a full stop of another width", token.replaceAll(".", "\u00b7")],
  ];
  return toForgeries("spelling", named);
}

/** The last character of 256 bytes in base64url has four spare bits: sets one of them. */
function respellEnd(token: string): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const last = alphabet[alphabet.indexOf(token.at(-1) ?? "") | 1];
  return `${token.slice(0, -1)}${last}`;
}

async function encryptToken({ rsa, organization }: Identities): Promise<string> {
  const der = await crypto.subtle.exportKey("spki", rsa.pair.publicKey);
  const key = await crypto.subtle.importKey("spki", der, { name: "RSA-OAEP", hash: "SHA-256" }, false, ["encrypt"]);
  const plaintext = new TextEncoder().encode(JSON.stringify({ orgID: organization }));
  return new CompactEncrypt(plaintext)
    .setProtectedHeader({ alg: "RSA-OAEP-256", enc: "A256GCM", kid: "rsa-1" })
    .encrypt(key);
}

/** Well signed, but header or payload is not what a JWT has, or asks for what we don't speak. */
export async function buildContentForgeries({ identities: { rsa }, claims }: Workshop): Promise<Forgery[]> {
  const sign = (head: Parameters<typeof buildToken>[0], payload: Parameters<typeof buildToken>[1] = claims) =>
    buildToken(head, payload, rsa.sign);
  const text = JSON.stringify(claims);
  const deep = `${"[".repeat(150)}${"]".repeat(150)}`;
  const contents: [string, string | Uint8Array][] = [
    ["nothing", ""],
    ["null", "null"],
    ["a string", JSON.stringify(text)],
    ["a list", `[${text}]`],
    ["a number", "1"],
    ["no JSON", "{exp:1}"],
    ["JSON and more", `${text}{}`],
    ["a byte order mark", `\ufeff${text}`],
    ["no UTF-8", Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d)],
    ["a NUL before it", `\0${text}`],
    ["a __proto__", text.replace("{", '{"__proto__":{"admin":true},')],
    ["150 levels", text.replace("{", `{"x":${deep},`)],
    ["a comment", text.replace("{", "{/**/")],
    ["a comma too many", text.replace(/\}$/, ",}")],
  ];
  const critical: object[] = [
    { crit: ["exp"], exp: 1 },
    { crit: [] },
    { crit: "exp" },
    { crit: ["b64"], b64: true },
    { crit: ["b64"], b64: false },
    { b64: false },
    { b64: true },
    { crit: ["alg"] },
    { crit: null },
  ];
  const unencoded = new TextEncoder().encode(`${encodePart({ ...header, b64: false, crit: ["b64"] })}.${text}`);
  const detached = `${encodePart({ ...header, b64: false, crit: ["b64"] })}..${base64url.encode(await rsa.sign(unencoded))}`;
  return toForgeries("content", [
    ...contents.map(([name, payload]) => [`payload is ${name}`, sign(header, payload)] as const),
    ...contents.slice(0, 9).map(([name, head]) => [`header is ${name}`, sign(head)] as const),
    ...critical.map((more) => [`header has ${JSON.stringify(more)}`, sign({ ...header, ...more })] as const),
    ...["logout+jwt", "dpop+jwt", "secevent+jwt", "JWE", "jwt ", 1, null].map(
      (typ) => [`header has typ ${JSON.stringify(typ)}`, sign({ ...header, typ })] as const,
    ),
    ["detached and not encoded", detached],
  ]);
}

/** Headers that are not one bearer token. */
export async function buildSchemeForgeries({ identities, claims }: Workshop): Promise<Forgery[]> {
  const { staticToken } = identities;
  const token = await buildToken(header, claims, identities.rsa.sign);
  const basic = btoa(`x:${staticToken}`);
  const headers = [
    staticToken,
    token,
    "Bearer",
    "Bearer x",
    `Bearer${staticToken}`,
    `Bearer:${staticToken}`,
    `Bearer=${staticToken}`,
    `Bearer\t${staticToken}`,
    `Bearer ${staticToken} ${staticToken}`,
    `Bearer ${staticToken},Bearer ${token}`,
    `Bearer x, Bearer ${staticToken}`,
    `Bearer ${staticToken}, Bearer x`,
    `Bearer ${token}, Bearer ${token}`,
    `Bearer Bearer ${staticToken}`,
    `Bearer token=${staticToken}`,
    `Bearer realm="x", token="${staticToken}"`,
    `Basic ${basic}`,
    `Basic ${staticToken}`,
    `Token ${staticToken}`,
    `Digest ${staticToken}`,
    `JWT ${token}`,
    `DPoP ${token}`,
    `Basic ${basic}, Bearer ${staticToken}`,
  ];
  return headers.map((authorization, i) => ({ name: `scheme: ${i} ${authorization.slice(0, 12)}…`, authorization }));
}

/** Near misses of a static token. */
export async function buildStaticForgeries({ identities: { staticToken } }: Workshop): Promise<Forgery[]> {
  const hash = await hashToken(staticToken);
  return toForgeries("static token", [
    ["its hash", hash],
    ["its hash in upper case", hash.toUpperCase()],
    ["its name", "ci"],
    ["in upper case", staticToken.toUpperCase()],
    ["one character less", staticToken.slice(0, -1)],
    ["one character more", `${staticToken}0`],
    ["with padding", `${staticToken}=`],
    ["another first character", `x${staticToken.slice(1)}`],
    ["twice", `${staticToken}${staticToken}`],
    ["the hash of nothing", await hashToken("")],
  ]);
}
