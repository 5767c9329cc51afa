/** What the exit code says; docs/cli.md has the same table. */
export const exitCodes = {
  succeeded: 0,
  /** The run failed or was cancelled, the container doesn't keep to the contract, what was asked for isn't there. */
  failed: 1,
  usage: 2,
  /** The server can't be reached, or doesn't let this token in. */
  unreachable: 3,
  /** SIGINT's, as shells have it. */
  interrupted: 130,
} as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Ends the command: the message goes to standard error. */
export class Stop extends Error {
  readonly exitCode: ExitCode;

  constructor(reason: keyof typeof exitCodes, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "Stop";
    this.exitCode = exitCodes[reason];
  }
}
