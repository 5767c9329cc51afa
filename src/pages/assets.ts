/** The style sheet, the script and the icon, served as texts: the same on every runtime, without a file system. */
import type { Context } from "hono";
import { respondWithError } from "../errors.ts";
import { scriptText, styleText } from "./generated/assets.ts";

interface Asset {
  /** Its name changes with its text, so that browsers may keep it for good. */
  readonly path: string;
  readonly type: string;
  readonly text: string;
}

const iconText = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#1f5fbf"/><path d="M8 12l8-4 8 4v8l-8 4-8-4z" fill="none" stroke="#fff" stroke-width="2" stroke-linejoin="round"/><path d="M8 12l8 4 8-4M16 16v8" fill="none" stroke="#fff" stroke-width="2" stroke-linejoin="round"/></svg>`;

export const assets = {
  script: describeAsset("pages", { extension: "js", type: "text/javascript; charset=utf-8", text: scriptText }),
  style: describeAsset("pages", { extension: "css", type: "text/css; charset=utf-8", text: styleText }),
  icon: describeAsset("icon", { extension: "svg", type: "image/svg+xml", text: iconText }),
} as const;

export function serveAsset(c: Context): Response {
  const asset = Object.values(assets).find(({ path }) => path === c.req.path);
  if (asset === undefined) return respondWithError(c, "RES-106", "There is nothing at this path: see /docs/spec.json");
  c.header("Content-Type", asset.type);
  c.header("Cache-Control", "public, max-age=31536000, immutable");
  c.header("X-Content-Type-Options", "nosniff");
  c.header("Cross-Origin-Resource-Policy", "same-origin");
  return c.body(asset.text);
}

function describeAsset(
  name: string,
  { extension, type, text }: { extension: string; type: string; text: string },
): Asset {
  return { path: `/assets/${name}-${hashText(text)}.${extension}`, type, text };
}

/** FNV-1a, twice: tells versions of our own texts apart, at once and at load; nothing rests on it. */
function hashText(text: string): string {
  const hash = (start: number) => {
    let value = start;
    for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
    return (value >>> 0).toString(16).padStart(8, "0");
  };
  return hash(0x811c9dc5) + hash(0x050c5d1f);
}
