import { errors } from "@nats-io/nats-core";
import { BusUnavailable } from "../port.ts";

/** What the client or the server says, as our own error: with a reason where more is known than that nothing came. */
export function toUnavailable(what: string, subject: string, cause: unknown): BusUnavailable {
  if (cause instanceof BusUnavailable) return cause;
  const reason = findReason(subject, cause);
  return new BusUnavailable(what, reason === undefined ? { cause } : { cause, reason });
}

function findReason(subject: string, error: unknown): string | undefined {
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (inner instanceof errors.PermissionViolationError) return `the broker does not allow us ${subject}`;
  if (inner instanceof errors.NoRespondersError)
    return `nothing on the broker answers to ${subject}: is JetStream on, and was it provisioned?`;
  if (inner instanceof errors.ClosedConnectionError || inner instanceof errors.DrainingConnectionError)
    return "the connection is closed";
  return undefined;
}
