import type { Rights } from "./rights.ts";

/** Who calls. */
export interface Caller {
  readonly kind: "anonymous" | "token" | "jwt" | "orchestrator";
  /** The token's configured name, the JWT's subject, or the organization. */
  readonly name: string;
}

/** What a token comes to. Reasons are for our log: they hold no token, and callers never see them. */
export type Verdict =
  | {
      readonly kind: "accepted";
      readonly caller: Caller;
      readonly rights: Rights;
      /** When the token ends, milliseconds since 1970; left out where it says no end. */
      readonly until?: number | undefined;
    }
  | { readonly kind: "refused"; readonly reason: string }
  /** The keys to judge it by can't be had now: not the caller's fault. */
  | { readonly kind: "unavailable"; readonly reason: string };

export function accept(caller: Caller, rights: Rights, { until }: { until?: number | undefined } = {}): Verdict {
  return { kind: "accepted", caller, rights, until };
}

export function reject(reason: string): Extract<Verdict, { kind: "refused" }> {
  return { kind: "refused", reason };
}
