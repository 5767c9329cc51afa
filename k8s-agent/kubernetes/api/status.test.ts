import { describe, expect, test } from "vitest";
import { decodeErrorEvent, decodeStatus } from "./status.ts";

describe("what the server says", () => {
  test("is read from a Status", () => {
    const text = '{"kind":"Status","reason":"AlreadyExists","message":"it is there","code":409,"details":{}}';
    expect(decodeStatus(409, text)).toEqual({ status: 409, reason: "AlreadyExists", message: "it is there" });
  });

  test.each([
    ["nothing", "", "the API server answered 502"],
    ["a proxy's page", " <html>Bad gateway</html>\n", "<html>Bad gateway</html>"],
    ["half a Status", '{"message": "cut', '{"message": "cut'],
    ["another form", '{"message": 7}', '{"message": 7}'],
    ["a Status that says nothing", "{}", "the API server answered 502"],
    ["far too much", "x".repeat(10_000), "x".repeat(2000)],
  ])("is its own text where it is no Status: %s", (_, text, message) => {
    expect(decodeStatus(502, text)).toEqual({ status: 502, reason: "", message });
  });

  test("in a watch carries the status itself", () => {
    const object = { kind: "Status", code: 410, reason: "Expired", message: "too old resource version" };
    expect(decodeErrorEvent(object)).toEqual({ status: 410, reason: "Expired", message: "too old resource version" });
    expect(decodeErrorEvent(7)).toMatchObject({ status: 500 });
  });
});
