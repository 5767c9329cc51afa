/** Errors as the driver API has them, the same from every route. */
import type { Context, ErrorHandler } from "hono";
import { BusUnavailable, MessageTooLarge } from "./bus/port.ts";
import type { DriverError } from "./contract/driver-api/answers.ts";
import { errorCodes, type ErrorCode } from "./contract/errors.ts";
import type { Logger } from "./log.ts";
import { RunSecretMissing } from "./sealing/keys.ts";

/** Answers with a code of the table; the status is the table's. */
export function respondWithError(c: Context, code: ErrorCode, message: string): Response {
  const body: DriverError = { error: code, message };
  return c.json(body, errorCodes[code].status);
}

/** What a caller is told when a request has thrown, and what our log says of it. */
export function answerErrors(logger: Logger): ErrorHandler<{ Variables: { requestId: string } }> {
  return (error, c) => {
    const id = c.get("requestId");
    if (error instanceof BusUnavailable) {
      logger.warn({ requestId: id, err: error }, "The broker does not answer");
      c.header("Retry-After", "2");
      return respondWithError(c, "RES-151", "The broker does not answer: try again soon");
    }
    if (error instanceof RunSecretMissing) {
      logger.error({ requestId: id, err: error }, "A run secret is missing here");
      c.header("Retry-After", "5");
      return respondWithError(c, "RES-153", `Cannot answer for this resource: ${error.message}`);
    }
    // The broker takes less than our own limits suppose.
    if (error instanceof MessageTooLarge) return respondWithError(c, "RES-105", error.message);
    logger.error({ requestId: id, err: error }, "A request failed unexpectedly");
    return respondWithError(c, "RES-150", `Something went wrong here; the log has it under request ${id}`);
  };
}
