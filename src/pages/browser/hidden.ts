/**
 * A page in a tab that nobody looks at lets go of its streams after a while, and goes on where it was when it is looked at
 * again: browsers have six connections for a server (HTTP/1.1), and the seventh tab would never load.
 */
const patienceMilliseconds = 20_000;

let longHidden = false;
let timer: ReturnType<typeof setTimeout> | undefined;
const leaving = new Set<() => void>();
const waiting = new Set<() => void>();

document.addEventListener("visibilitychange", look);
look();

function look(): void {
  clearTimeout(timer);
  if (document.hidden) timer = setTimeout(leave, patienceMilliseconds);
  else comeBack();
}

function leave(): void {
  longHidden = true;
  for (const each of leaving) each();
}

function comeBack(): void {
  longHidden = false;
  for (const each of waiting) each();
  waiting.clear();
}

export function hasLongBeenHidden(): boolean {
  return longHidden;
}

/** Calls back when the page has been hidden for a while, until what this answers is called. */
export function onLongHidden(callback: () => void): () => void {
  leaving.add(callback);
  return () => leaving.delete(callback);
}

/** Resolves when the page is looked at; at once when it has not been hidden for long. */
export async function whileHidden(): Promise<void> {
  if (!longHidden) return;
  await new Promise<void>((resolve) => waiting.add(resolve));
}
