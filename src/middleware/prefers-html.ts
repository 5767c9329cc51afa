/** Whether a client would rather have a page than data: browsers say so, programs don't. */

interface Accepted {
  readonly type: string;
  readonly quality: number;
}

const pageTypes = new Set(["text/html", "application/xhtml+xml"]);

/**
 * Only who names HTML gets it, and only where it is wanted at least as much as everything else that is named, and named
 * first: what a program sends that names nothing stays JSON.
 */
export function prefersHtml(accept: string | undefined): boolean {
  const named = parseAccept(accept ?? "").filter(({ type, quality }) => quality > 0 && !type.includes("*"));
  const best = Math.max(...named.map(({ quality }) => quality));
  return pageTypes.has(named.find(({ quality }) => quality === best)?.type ?? "");
}

function parseAccept(accept: string): Accepted[] {
  return accept.split(",").map((part) => {
    const [type = "", ...parameters] = part.split(";").map((text) => text.trim().toLowerCase());
    const quality = parameters.find((parameter) => parameter.startsWith("q="));
    return { type, quality: quality === undefined ? 1 : readQuality(quality.slice(2)) };
  });
}

/** RFC 9110, 12.4.2; one that can't be read wants nothing. */
function readQuality(text: string): number {
  return /^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(text) ? Number(text) : 0;
}
