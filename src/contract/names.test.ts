import { describe, expect, test } from "vitest";
import { check } from "./decode.ts";
import { limits } from "./limits.ts";
import { ClusterName, GUResID, ResourceType, RunAddress, RunId } from "./names.ts";

const isGUResID = (value: unknown) => check(GUResID, value).ok;

describe("a GUResID", () => {
  test.for(["abc", "0a0", "a--b", "3f786850e387550fdab836ed7e6dc881de23001b", "a".repeat(limits.guresidLength)])(
    "is %s",
    (text) => {
      expect(isGUResID(text)).toBe(true);
    },
  );

  const escapes = ["", ".", "..", "a.b", "a..b", "../a", "a/b", "%2e%2e", "%00", "a\0b", "abc\n", "\nabc", " abc"];
  const others = ["ab", "-ab", "ab-", "---", "ABC", "a_b", "äbc", "ａｂｃ", "a*b", "a>b", "a:b", "a".repeat(10_000)];
  test.for([...escapes, ...others])("is not %j", (text) => {
    expect(isGUResID(text)).toBe(false);
  });

  test.for([undefined, null, 5, {}, ["abc"]])("is text, not %j", (value) => {
    expect(isGUResID(value)).toBe(false);
  });

  test("that is too long is told so, with both figures", () => {
    const checked = check(GUResID, "a".repeat(129));
    expect(checked).toEqual({ ok: false, problem: "the body is 129 characters, the limit is 128 characters" });
  });
});

test("a resource's type may be short, and may have an organisation before it", () => {
  const good = ["s3", "dns", "postgres", "k8s-cluster", "my-org/s3", "my-org/workload-base"];
  const bad = ["", "s", "S3", "-s3", "s3-", "/s3", "s3/", "a/b/s3", "org//s3", "s3\n", "s 3", "s3".repeat(65), "../s3"];
  expect([...good, ...bad].filter((type) => check(ResourceType, type).ok)).toEqual(good);
});

test("a run id is a ULID in lower case", () => {
  const good = ["01jd0v8e3k7xw2m4n6p8q0r1s2", "00000000000000000000000000", "7zzzzzzzzzzzzzzzzzzzzzzzzz"];
  const bad = [
    "01JD0V8E3K7XW2M4N6P8Q0R1S2",
    "8zzzzzzzzzzzzzzzzzzzzzzzzz",
    "01jd0v8e3k7xw2m4n6p8q0r1s",
    "01jd0v8e3k7xw2m4n6p8q0r1s22",
    "01jd0v8e3k7xw2m4n6p8q0r1si",
    "01jd0v8e3k7xw2m4n6p8q0r1su",
    "*",
    "",
  ];
  expect([...good, ...bad].filter((id) => check(RunId, id).ok)).toEqual(good);
});

test("a cluster's name is one subject token", () => {
  const good = ["a", "local", "eu-west-3", "0", "a".repeat(63)];
  const bad = ["", "*", ">", "a.b", "a b", "A", "-a", "a-", "a".repeat(64), "a\n", "ü"];
  expect([...good, ...bad].filter((name) => check(ClusterName, name).ok)).toEqual(good);
});

test("a run's address is a cluster and a run id, and nothing else is kept", () => {
  const address = { cluster: "local", runId: "01jd0v8e3k7xw2m4n6p8q0r1s2" };
  expect(check(RunAddress, { ...address, other: 1 })).toEqual({ ok: true, value: address });
  expect(check(RunAddress, { cluster: "local" })).toEqual({ ok: false, problem: "runId is missing" });
});
