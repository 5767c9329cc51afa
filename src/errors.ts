/** Errors as the driver API has them, the same from every route. */
import type { Context } from "hono";
import type { DriverError } from "./contract/driver-api/answers.ts";
import { errorCodes, type ErrorCode } from "./contract/errors.ts";

/** Answers with a code of the table; the status is the table's. */
export function respondWithError(c: Context, code: ErrorCode, message: string): Response {
  const body: DriverError = { error: code, message };
  return c.json(body, errorCodes[code].status);
}
