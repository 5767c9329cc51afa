/** How both programs read environment variables: wrong values are all listed at once, and stop the start. */
import * as v from "valibot";
import { check, describeFault, describePath } from "./decode.ts";
import { parseJson } from "./json.ts";
import { refuse, succeed, type Result } from "./result.ts";

/** A whole number in an environment variable. */
export function wholeNumber(least: number, most: number) {
  return v.pipe(
    v.string(),
    v.regex(/^\d{1,9}$/, "must be a whole number"),
    v.transform(Number),
    v.minValue(least, `must be at least ${least}`),
    v.maxValue(most, `must be at most ${most}`),
  );
}

/**
 * Reads variables, or says what is wrong with each: "PORT must be at most 65535; CLUSTER must be …"; of one that is missing also
 * its schema's description. An empty variable counts as left out; values are not repeated, as they may be secret.
 */
export function readVariables<const E extends v.ObjectEntries>(
  entries: E,
  variables: Readonly<Record<string, string | undefined>>,
): Result<v.InferOutput<v.ObjectSchema<E, undefined>>> {
  const given = Object.fromEntries(
    Object.entries(variables).filter(([, value]) => value !== undefined && value !== ""),
  );
  const result = v.safeParse(v.object(entries), given);
  if (result.success) return succeed(result.output);
  return refuse(result.issues.map((issue) => describe(issue, entries)).join("; "));
}

function describe(issue: v.BaseIssue<unknown>, entries: v.ObjectEntries): string {
  const path = describePath(issue.path ?? []);
  const schema = issue.input === undefined ? entries[path] : undefined;
  const meaning = schema && v.getDescription(schema);
  return `${path} ${describeFault(issue)}${meaning === undefined ? "" : `: ${meaning}`}`;
}

/** JSON in an environment variable, held against a schema. */
export function jsonText<T>(schema: v.GenericSchema<unknown, T>) {
  return v.pipe(
    v.string(),
    v.rawTransform<string, T>(({ dataset, addIssue, NEVER }) => {
      const parsed = parseJson(dataset.value);
      const checked = parsed.ok ? check(schema, parsed.value) : parsed;
      if (checked.ok) return checked.value;
      addIssue({ message: `can't be used: ${checked.problem}` });
      return NEVER;
    }),
  );
}
