/**
 * What an event says of outputs: their names. A container chooses them, so they may hold a secret, and be more than fits
 * beside the sealed outputs into one message.
 */
import type { RunEventData } from "../../src/contract/events.ts";
import type { Outputs } from "../../src/contract/outputs.ts";

type Named = NonNullable<RunEventData["outputs"]>;

/** Bytes of names that are listed; the others are counted. */
const mostBytes = 16 * 1024;

/** Names the outputs, masked; plain ones first. */
export function nameOutputs(
  { values, secrets, manifests }: Outputs,
  { redactText }: { redactText: (text: string) => string },
): Named {
  let left = mostBytes;
  let unlisted = 0;
  const list = (names: readonly string[]) =>
    names.flatMap((name) => {
      left -= Buffer.byteLength(name) + '"",'.length;
      if (left >= 0) return [redactText(name)];
      unlisted++;
      return [];
    });
  const named = { values: list(Object.keys(values)), secrets: list(Object.keys(secrets)), manifests: manifests.length };
  return unlisted === 0 ? named : { ...named, unlisted };
}
