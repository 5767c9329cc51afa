/** JSON from our own front door, checked: a page may be older than the server that it talks to by now. */
import * as v from "valibot";

/** Undefined where it isn't what was expected. */
export function readJson<S extends v.GenericSchema>(schema: S, text: string): v.InferOutput<S> | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    const checked = v.safeParse(schema, parsed);
    return checked.success ? checked.output : undefined;
  } catch {
    return undefined;
  }
}

/** What the server gave the page to go on from. */
export function readLiveData<S extends v.GenericSchema>(schema: S, element: HTMLElement): v.InferOutput<S> | undefined {
  return readJson(schema, element.dataset["live"] ?? "");
}
