import { base64url, CompactEncrypt } from "jose";
import { describe, expect, test } from "vitest";
import { parseJsonObject, stringifyJson } from "../../../src/contract/json.ts";
import { limits } from "../../../src/contract/limits.ts";
import { noOutputs } from "../../../src/contract/outputs.ts";
import { errorReadBytes, type Collected } from "../../launch/launcher.ts";
import { mostLineBytes, openCollected, sealCollected } from "./collected.ts";

const key = base64url.encode(new Uint8Array(32).fill(1));
const otherKey = base64url.encode(new Uint8Array(32).fill(2));
const canary = "canary-4f1d0c9e";
const collected: Collected = {
  outputs: { ok: true, value: { ...noOutputs, secrets: { password: canary } } },
  errorText: canary,
  errorBytes: canary.length,
};

async function getProblem(line: string, with_ = key): Promise<string> {
  const opened = await openCollected(line, with_);
  return opened.ok ? "opened" : opened.problem;
}

describe("what was collected", () => {
  test.each<Collected>([
    collected,
    {
      outputs: { ok: false, problem: "Cannot read OUTPUTS_FILE: not JSON: it is empty" },
      errorText: "",
      errorBytes: 0,
    },
    {
      outputs: { ok: true, value: { values: {}, secrets: {}, manifests: [{ location: "cluster", data: [1, null] }] } },
      errorText: "the end of it",
      errorBytes: 1_000_000,
    },
  ])("comes out as it went in (%#)", async (one) => {
    expect(await openCollected(await sealCollected(one, key), key)).toEqual({ ok: true, value: one });
  });

  test("is one line, of which nothing can be read", async () => {
    const line = await sealCollected(collected, key);
    expect(line).toMatch(/^[\w.-]+$/);
    const parts = line.split(".").map((part) => Buffer.from(part, "base64url").toString("latin1"));
    expect([line, ...parts].join("\n")).not.toContain(canary);
  });

  test("keeps the digits of numbers that JavaScript can't hold", async () => {
    const text = '{"big":123456789012345678901234567890,"one":1.0}';
    const values = parseJsonObject(text);
    if (!values.ok) throw new Error(values.problem);
    const line = await sealCollected(
      { ...collected, outputs: { ok: true, value: { ...noOutputs, values: values.value } } },
      key,
    );
    const opened = await openCollected(line, key);
    expect(opened.ok && opened.value.outputs.ok && stringifyJson(opened.value.outputs.value.values)).toBe(text);
  });

  test("at every limit at once is as long as the longest line that is promised, and can be opened", async () => {
    const largest: Collected = {
      outputs: { ok: true, value: { ...noOutputs, values: { a: "x".repeat(limits.outputsBytes - 8) } } },
      errorText: "\0".repeat(errorReadBytes),
      errorBytes: Number.MAX_SAFE_INTEGER,
    };
    const line = await sealCollected(largest, key);
    expect(line.length).toBeLessThanOrEqual(mostLineBytes);
    expect(line.length).toBeGreaterThan(0.99 * mostLineBytes);
    expect(await openCollected(line, key)).toEqual({ ok: true, value: largest });
  });
});

describe("a line is refused", () => {
  test("under another run's key, or when any part was changed or is missing", async () => {
    const line = await sealCollected(collected, key);
    const other = /it is another run's, or was changed on the way$/;
    expect(await getProblem(line, otherKey)).toMatch(other);
    expect(await getProblem(line.slice(0, -4))).toMatch(other);
    expect(await getProblem(line.replace(/\.[^.]{9}/, ".AAAAAAAAA"))).not.toBe("opened");
  });

  test.each(["", "Killed", "....", "a.b.c.d.e", "(node:1) Warning: something", "x".repeat(2_000_000)])(
    "when it is something else (%#)",
    async (line) => {
      expect(await getProblem(line)).toMatch(/^Cannot open what the collector printed: /);
    },
  );

  test("when it is sealed as something else, or holds something else, and says no more than that", async () => {
    const seal = (typ: string, text: string) =>
      new CompactEncrypt(Buffer.from(text))
        .setProtectedHeader({ alg: "dir", enc: "A256GCM", typ, kid: "collector" })
        .encrypt(base64url.decode(key));
    const whole = stringifyJson(collected);
    expect(await getProblem(await seal("container-driver-result", whole))).toContain("typ container-driver-collected");
    const problem = await getProblem(await seal("container-driver-collected", `{"outputs":"${canary}"}`));
    expect(problem).toContain("outputs is a string, must be an object");
    expect(problem).not.toContain(canary);
  });
});
