/** What conform finds out, one sentence each. */

export interface Check {
  /** What is held to be true, such as "destroy may come twice". */
  readonly name: string;
  /** `advice` and `not-tested` fail nothing. */
  readonly outcome: "passed" | "failed" | "advice" | "not-tested";
  /** What was found, what is wrong, or what would have to be there to test it. */
  readonly detail?: string;
  readonly milliseconds?: number;
}
