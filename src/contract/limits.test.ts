import { expect, test } from "vitest";
import { describeLimit, limits } from "./limits.ts";

const natsMaxPayload = 1024 * 1024;
/** Base64url of what is sealed; a JWE's header, key and tag come on top, well under a kilobyte. */
const sealed = (bytes: number) => Math.ceil((bytes * 4) / 3) + 1024;

test("a limit that was passed is told with the actual figure", () => {
  expect(describeLimit("the body", 600_000, 524_288, "bytes")).toBe(
    "the body is 600000 bytes, the limit is 524288 bytes",
  );
});

test("what the limits let in fits into NATS' default payload, sealing included", () => {
  const order = 8 * 1024;
  expect(sealed(limits.requestBodyBytes) + order).toBeLessThan(natsMaxPayload);
  expect(sealed(limits.outputsBytes)).toBeLessThan(natsMaxPayload);
  expect(limits.logChunkBytes).toBeLessThan(natsMaxPayload);
});

test("the tail of the log leaves room for the reason of a failure", () => {
  expect(limits.logTailBytes).toBeLessThan(limits.errorTextBytes);
});

test("a run without a timeout of its own keeps to the longest there is", () => {
  expect(limits.defaultTimeoutSeconds).toBeLessThanOrEqual(limits.timeoutSeconds);
});
