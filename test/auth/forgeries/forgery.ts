import type { Identities } from "../identities.ts";

/** A token that must not be let in. */
export interface Forgery {
  readonly name: string;
  /** The Authorization header: Latin-1, as HTTP has it. */
  readonly authorization: string;
}

/** What forgeries are made from. */
export interface Workshop {
  readonly identities: Identities;
  readonly claims: Readonly<Record<string, unknown>> & { readonly iss: string; readonly aud: string };
  readonly seconds: number;
}

/** Forgeries by name, as tokens. */
export type Named = readonly (readonly [string, string | Promise<string>])[];

export async function toForgeries(group: string, named: Named): Promise<Forgery[]> {
  return Promise.all(
    named.map(async ([name, token]) => ({ name: `${group}: ${name}`, authorization: `Bearer ${await token}` })),
  );
}
