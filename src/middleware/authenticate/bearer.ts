/** The Authorization header as RFC 6750 has it: one bearer token. */
import { describeLimit, limits } from "../../contract/limits.ts";
import { refuse, succeed, type Result } from "../../contract/result.ts";

/**
 * Takes the token from the header. Two headers arrive joined by a comma, which no token holds: refused, as programs
 * disagree on which of the two counts.
 */
export function parseBearer(header: string): Result<string> {
  if (header.length > limits.bearerTokenBytes) {
    return refuse(describeLimit("the Authorization header", header.length, limits.bearerTokenBytes, "bytes"));
  }
  const token = /^bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(header)?.[1];
  return token === undefined ? refuse("the Authorization header is not Bearer and one token") : succeed(token);
}
