/** Cursors over several clusters, as text: `prod:42,test:7`. A cluster's name has neither a comma nor a colon. */
import { refuse, succeed, type Result } from "../contract/result.ts";

/** A sequence for each cluster; a cluster that isn't there has no position yet. */
export type Positions = ReadonlyMap<string, number>;

export function encodePositions(positions: Positions): string {
  return [...positions].map(([cluster, sequence]) => `${cluster}:${sequence}`).join(",");
}

const mostCharacters = 16 * 1024;

/** Reads a cursor that `encodePositions` wrote. */
export function parsePositions(text: string): Result<Positions> {
  const form = /^[a-z0-9-]{1,63}:\d{1,15}(,[a-z0-9-]{1,63}:\d{1,15})*$/;
  if (text.length > mostCharacters || !form.test(text)) return refuse("is not a cursor that was given out here");
  return succeed(
    new Map(
      text.split(",").map((part) => {
        const [cluster = "", sequence] = part.split(":");
        return [cluster, Number(sequence)];
      }),
    ),
  );
}
