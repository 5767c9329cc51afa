import { expect, test } from "vitest";
import { isLoopback } from "./loopback.ts";

test("loopback is this machine alone, whether its address stands in a URL or not", () => {
  const own = ["127.0.0.1", "127.9.9.9", "localhost", "::1", "[::1]"];
  const foreign = ["0.0.0.0", "::", "[::]", "10.0.0.1", "localhost.example.com", "127.0.0.1.example.com", "[::1", ""];
  expect([...own, ...foreign].filter(isLoopback)).toEqual(own);
});
