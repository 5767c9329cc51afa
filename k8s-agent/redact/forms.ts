/**
 * The forms in which programs print a secret: as it is, escaped for JSON, for URLs and for a shell, and in base64. A form
 * that isn't listed here is not masked: hexadecimal, encryption, compression, the value's characters one by one.
 */
import { shortestSecret } from "./secrets.ts";

/** Every form of a value, the same one often several times; each of them is UTF-8 text, most are ASCII. */
export function listForms(value: string): string[] {
  // What is no Unicode becomes U+FFFD wherever it is written as UTF-8, so in the log too.
  const text = value.toWellFormed();
  // White space around it is no secret, and is what programs strip.
  const core = text.trim();
  // The lines of a key or a file are secrets of their own: programs print them indented, with a prefix, or only some.
  const lines = core.split(/[\r\n]+/).map((line) => line.trim());
  const parts = [core, ...lines.filter((line) => line.length >= shortestSecret)];
  return [...parts.flatMap(listTextForms), ...[...new Set([text, core])].flatMap(listBase64Forms)];
}

/** Nothing writes these in another way. Most lines of a long secret are of nothing else. */
const neverEscaped = /^[\w.-]*$/;

function listTextForms(text: string): string[] {
  if (neverEscaped.test(text)) return [text];
  return [text, ...listJsonForms(text), ...listUrlForms(text), ...listShellForms(text)];
}

/** As JavaScript escapes, as Go does (`<>&`), as Python does (ASCII only), as PHP does (also `/`). */
function listJsonForms(text: string): string[] {
  const plain = JSON.stringify(text).slice(1, -1);
  const ascii = escapeUnits(plain, /[^\0-\x7f]/g);
  return [plain, escapeUnits(plain, /[<>&\u2028\u2029]/g), ascii, ascii.replaceAll("/", "\\/")];
}

function escapeUnits(text: string, pattern: RegExp): string {
  return text.replace(pattern, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Which characters stay as they are in a URL is each library's own choice: these are what the common ones do. */
function listUrlForms(text: string): string[] {
  const component = encodeURIComponent(text);
  const strict = component.replace(/[!'()*]/g, encodeByte);
  const forms = [
    component,
    encodeURI(text),
    // RFC 3986 to the letter; the same in a path, in a query (Go) and in a form (the WHATWG's).
    strict,
    strict.replaceAll("%2F", "/"),
    strict.replaceAll("%20", "+"),
    strict.replaceAll("%20", "+").replaceAll("%2A", "*").replaceAll("~", "%7E"),
  ];
  const unlike = [...new Set(forms)];
  return [...unlike, ...unlike.map((form) => form.replace(/%[0-9A-F]{2}/g, (hex) => hex.toLowerCase()))];
}

function encodeByte(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

/** `set -x` quotes a single quote in one of these ways, by shell. */
function listShellForms(text: string): string[] {
  return [text.replaceAll("'", `'\\''`), text.replaceAll("'", `'"'"'`)];
}

/** Columns at which `base64` and MIME, and PEM, break their lines. */
const lineColumns = [76, 64];

/** Alone, with a line's end behind it, in lines of their own, and inside of something longer; standard and URL-safe. */
function listBase64Forms(text: string): string[] {
  const bytes = Buffer.from(text);
  const alone = [bytes, Buffer.concat([bytes, Buffer.from("\n")])].map((whole) =>
    trimPadding(whole.toString("base64")),
  );
  const lines = lineColumns.flatMap((columns) => alone.flatMap((form) => splitColumns(form, columns)));
  const inside = [0, 1, 2].map((offset) => encodeInside(bytes, offset));
  const forms = [...alone, ...lines, ...inside];
  return [...forms, ...forms.map((form) => form.replaceAll("+", "-").replaceAll("/", "_"))];
}

function trimPadding(form: string): string {
  return form.replace(/=+$/, "");
}

function splitColumns(form: string, columns: number): string[] {
  return form.length <= columns ? [] : (form.match(new RegExp(`.{1,${columns}}`, "g")) ?? []);
}

/**
 * The characters of base64 that don't depend on what is around the value, when it begins at this offset within a group of
 * three bytes: a character holds six bits, so those at the edges may hold some of a neighbour.
 */
function encodeInside(bytes: Uint8Array, offset: number): string {
  const form = Buffer.concat([new Uint8Array(offset), bytes]).toString("base64");
  return form.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6));
}
