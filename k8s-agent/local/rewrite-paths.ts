/** A request names paths of the container that it was written for; here they are elsewhere. Pure. */

/** Characters that go on with a file's name: `/a/b` is neither in `/a/bc` nor in `/x/a/b`. */
const nameCharacter = "[\\p{L}\\p{N}._+@~%-]";

/** A directory of the container, and the real one. */
export type Relocation = readonly [from: string, to: string];

/**
 * Makes a function that replaces each directory where it is a whole path or the beginning of one, in running text too:
 * `-chdir=/a/b`, `/a/b/bin:/usr/bin`, `file:///a/b/x`. Each place is replaced once, the longest directory first.
 *
 * @example createRewriter([["/a/b", "/tmp/run"]])("cd /a/b/c && ls /a/bc") // "cd /tmp/run/c && ls /a/bc"
 */
export function createRewriter(relocations: readonly Relocation[]): (text: string) => string {
  const targets = new Map(relocations);
  const paths = [...targets.keys()].sort((a, b) => b.length - a.length).map(RegExp.escape);
  const pattern = new RegExp(`(?<!${nameCharacter}|(?<!:/)/)(?:${paths.join("|")})(?!${nameCharacter})`, "gu");
  return (text) => text.replaceAll(pattern, (path) => targets.get(path) ?? path);
}
