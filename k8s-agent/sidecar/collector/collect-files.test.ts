import { execFileSync, spawn } from "node:child_process";
import { createServer } from "node:net";
import { chmod, link, mkdir, mkdtemp, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { stringifyJson } from "../../../src/contract/json.ts";
import { errorReadBytes } from "../../launch/launcher.ts";
import { limits } from "../../../src/contract/limits.ts";
import { noOutputs } from "../../../src/contract/outputs.ts";
import { collectFiles } from "./collect-files.ts";

let directory = "";
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), "collector-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const at = (name: string) => path.join(directory, name);
const collect = () => collectFiles(directory, { action: "create" });

async function collectOutputs() {
  const { outputs } = await collect();
  return outputs.ok ? { ok: true, text: stringifyJson(outputs.value) } : { ok: false, text: outputs.problem };
}

describe("outputs", () => {
  test("nothing written means no outputs, and so does a directory that main removed", async () => {
    expect(await collect()).toEqual({ outputs: { ok: true, value: noOutputs }, errorText: "", errorBytes: 0 });
    await rm(directory, { recursive: true });
    expect(await collect()).toEqual({ outputs: { ok: true, value: noOutputs }, errorText: "", errorBytes: 0 });
  });

  test("every JSON type comes back digit for digit", async () => {
    const values = '{"big":9007199254740993,"one":1.0,"huge":1e400,"text":"ü€😀\\u0000","list":[[],{}],"none":null}';
    await writeFile(at("outputs.json"), values);
    await writeFile(at("secret-outputs.json"), '{"secret":[true]}\n');
    await writeFile(at("manifests.json"), '[{"location":"namespace","data":{"n":18446744073709551615}}]');
    const text = `{"values":${values},"secrets":{"secret":[true]},"manifests":[{"location":"namespace","data":{"n":18446744073709551615}}]}`;
    expect(await collectOutputs()).toEqual({ ok: true, text });
  });

  test("any JSON object comes back as it was written", async () => {
    const values = fc.dictionary(
      fc.string().filter((key) => key !== "__proto__"),
      fc.jsonValue({ maxDepth: 5 }).filter((value) => !JSON.stringify(value).includes("__proto__")),
    );
    await fc.assert(
      fc.asyncProperty(values, async (value) => {
        await writeFile(at("outputs.json"), JSON.stringify(value));
        const { outputs } = await collect();
        expect(outputs.ok && JSON.parse(stringifyJson(outputs.value.values))).toEqual(
          JSON.parse(JSON.stringify(value)),
        );
      }),
      { numRuns: 200 },
    );
  });

  test("a hard link is a file like any other", async () => {
    await writeFile(at("elsewhere"), '{"a":1}');
    await link(at("elsewhere"), at("outputs.json"));
    expect(await collectOutputs()).toMatchObject({ ok: true });
  });

  test("the limit itself is allowed, one byte more is refused with both figures", async () => {
    const pad = (length: number) => `{"a":"${"x".repeat(length - 8)}"}`;
    await writeFile(at("outputs.json"), pad(limits.outputsBytes));
    expect(await collectOutputs()).toMatchObject({ ok: true });
    await writeFile(at("outputs.json"), pad(limits.outputsBytes + 1));
    expect(await collectOutputs()).toEqual({
      ok: false,
      text: "Cannot read OUTPUTS_FILE: it is 655361 bytes, the limit is 655360 bytes",
    });
  });

  test("the three files count together", async () => {
    await writeFile(at("outputs.json"), `{"a":"${"x".repeat(400_000)}"}`);
    await writeFile(at("secret-outputs.json"), `{"a":"${"x".repeat(300_000)}"}`);
    expect(await collectOutputs()).toEqual({
      ok: false,
      text:
        "Cannot read OUTPUTS_FILE, SECRET_OUTPUTS_FILE, MANIFESTS_FILE: what they hold together is 700016 bytes, " +
        "the limit is 655360 bytes (OUTPUTS_FILE 400008, SECRET_OUTPUTS_FILE 300008)",
    });
  });

  test("a sparse file of a tebibyte is refused without being read", async () => {
    await writeFile(at("secret-outputs.json"), "");
    await truncate(at("secret-outputs.json"), 1024 ** 4);
    expect((await collectOutputs()).text).toBe(
      "Cannot read SECRET_OUTPUTS_FILE: it is 1099511627776 bytes, the limit is 655360 bytes",
    );
  });

  test("on destroy outputs are ignored, whatever they are, and the error text is not", async () => {
    await writeFile(at("outputs.json"), "not JSON");
    await writeFile(at("error.txt"), "why");
    const collected = await collectFiles(directory, { action: "destroy" });
    expect(collected).toEqual({ outputs: { ok: true, value: noOutputs }, errorText: "why", errorBytes: 3 });
  });

  test("manifests come with data or, as the specification says, manifest", async () => {
    await writeFile(at("manifests.json"), '[{"location":"volumes","manifest":[1]},{"location":"cluster","data":null}]');
    expect((await collectOutputs()).text).toContain(
      '"manifests":[{"location":"volumes","data":[1]},{"location":"cluster","data":null}]',
    );
  });
});

describe("what isn't the JSON that was promised is named", () => {
  const cases: Record<string, [file: string, content: string | Uint8Array, problem: string]> = {
    "an empty file": ["outputs.json", "", "Cannot read OUTPUTS_FILE: it is empty, must hold JSON"],
    "broken JSON": [
      "outputs.json",
      '{"a" 1}',
      "Cannot read OUTPUTS_FILE: not JSON: unexpected character at position 5",
    ],
    "JSON cut short": ["outputs.json", '{"a":', "Cannot read OUTPUTS_FILE: not JSON: it ends in the middle of a value"],
    "a list": ["secret-outputs.json", "[]", "Cannot read SECRET_OUTPUTS_FILE: not an object but a list"],
    "a number": ["outputs.json", "1", "Cannot read OUTPUTS_FILE: not an object but a number"],
    null: ["outputs.json", "null", "Cannot read OUTPUTS_FILE: not an object but null"],
    "a byte order mark": [
      "outputs.json",
      "\uFEFF{}",
      "Cannot read OUTPUTS_FILE: not JSON: it begins with a byte order mark",
    ],
    "UTF-16": ["outputs.json", new Uint8Array([0xff, 0xfe, 0x7b, 0, 0x7d, 0]), "Cannot read OUTPUTS_FILE: not UTF-8"],
    "a lone continuation byte": [
      "outputs.json",
      new Uint8Array([0x7b, 0x22, 0x80, 0x22, 0x3a, 0x31, 0x7d]),
      "Cannot read OUTPUTS_FILE: not UTF-8",
    ],
    "10^5 levels": [
      "outputs.json",
      `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`,
      "Cannot read OUTPUTS_FILE: nested too deep: it is 100000 levels, the limit is 100 levels",
    ],
    "10^5 levels that never close": [
      "manifests.json",
      "[".repeat(100_000),
      "Cannot read MANIFESTS_FILE: nested too deep: it is 100000 levels, the limit is 100 levels",
    ],
    __proto__: [
      "outputs.json",
      '{"a":{"__proto__":{"polluted":true}}}',
      'Cannot read OUTPUTS_FILE: it has the key "__proto__", which is not allowed',
    ],
    "manifests that are no list": ["manifests.json", "{}", "Cannot read MANIFESTS_FILE: not a list but an object"],
    "a manifest without data": [
      "manifests.json",
      '[{"location":"volume"}]',
      "Cannot read MANIFESTS_FILE: [0] must hold data",
    ],
  };
  test.for(Object.entries(cases))("%s", async ([, [file, content, text]]) => {
    await writeFile(at(file), content);
    expect(await collectOutputs()).toEqual({ ok: false, text });
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  test("a manifest at an unknown location", async () => {
    await writeFile(at("manifests.json"), '[{"location":"moon","data":1}]');
    expect((await collectOutputs()).text).toContain("Cannot read MANIFESTS_FILE: [0].location");
  });

  test("a problem never shows what the file held", async () => {
    await writeFile(at("secret-outputs.json"), '{"password":canary-pass}');
    const { text } = await collectOutputs();
    expect(text).toContain("SECRET_OUTPUTS_FILE");
    expect(text).not.toContain("canary");
  });
});

describe("what isn't a regular file is neither followed nor waited for", () => {
  const kinds: Record<string, (file: string) => unknown> = {
    "a symbolic link": (file) => symlink("/etc/passwd", file),
    "a directory": (file) => mkdir(file),
    "a FIFO": (file) => execFileSync("mkfifo", [file]),
  };
  for (const [kind, make] of Object.entries(kinds)) {
    test(`${kind} as outputs is refused, as error text ignored`, { timeout: 5000 }, async () => {
      for (const name of ["outputs.json", "error.txt"]) await make(at(name));
      const text = `Cannot read OUTPUTS_FILE: it is ${kind}, must be a regular file`;
      expect(await collect()).toEqual({ outputs: { ok: false, problem: text }, errorText: "", errorBytes: 0 });
    });
  }

  test("a link to another output, a dangling link and a loop are links all the same", async () => {
    await writeFile(at("outputs.json"), "{}");
    for (const target of ["outputs.json", "nowhere", "manifests.json"]) {
      await rm(at("manifests.json"), { force: true });
      await symlink(target, at("manifests.json"));
      expect((await collectOutputs()).text).toContain("MANIFESTS_FILE: it is a symbolic link");
    }
  });

  test("a socket", async () => {
    const server = createServer().listen(at("outputs.json"));
    await new Promise((resolve) => server.once("listening", resolve));
    expect((await collectOutputs()).text).toContain("it is a socket, must be a regular file");
    await new Promise((resolve) => server.close(resolve));
  });

  test("a device", async () => {
    const made = spawn("mknod", [at("outputs.json"), "c", "1", "5"], { stdio: "ignore" });
    const code = await new Promise((resolve) => made.once("exit", resolve));
    // Only root can make a device; whoever can't is not a danger here.
    const { text } = await collectOutputs();
    expect(text).toContain(code === 0 ? "it is a device" : "values");
  });

  test("a FIFO with a writer that never stops", { timeout: 5000 }, async () => {
    execFileSync("mkfifo", [at("outputs.json")]);
    const writer = spawn("sh", ["-c", `exec yes > '${at("outputs.json")}'`]);
    expect((await collectOutputs()).text).toContain("it is a FIFO");
    writer.kill("SIGKILL");
  });

  test("a file that somebody never stops writing to is read as it was", { timeout: 20_000 }, async () => {
    await writeFile(at("outputs.json"), '{"a":"');
    const writer = spawn("sh", ["-c", `exec yes >> '${at("outputs.json")}'`]);
    for (let i = 0; i < 20; i++) {
      await truncate(at("outputs.json"), 1000);
      expect(await collectOutputs()).toMatchObject({ ok: false });
    }
    writer.kill("SIGKILL");
    await new Promise((resolve) => writer.once("exit", resolve));
  });
});

describe("error text", () => {
  test("comes as it is, up to what is read", async () => {
    const text = `first line\nü€😀${"x".repeat(errorReadBytes - 20)}`;
    expect(Buffer.byteLength(text)).toBe(errorReadBytes);
    await writeFile(at("error.txt"), text);
    expect(await collect()).toMatchObject({ errorText: text, errorBytes: errorReadBytes });
  });

  test("beyond that only its end is kept, with its true size", async () => {
    await writeFile(at("error.txt"), `${"x".repeat(100_000)}the reason`);
    const { errorText, errorBytes } = await collect();
    expect(errorText.endsWith("the reason")).toBe(true);
    expect(Buffer.byteLength(errorText)).toBe(errorReadBytes);
    expect(errorBytes).toBe(100_010);
  });

  test("a cut never leaves half a character", async () => {
    for (const extra of ["", "x", "xx", "xxx"]) {
      await writeFile(at("error.txt"), `${"😀".repeat(10_000)}${extra}`);
      const { errorText } = await collect();
      expect(errorText).not.toContain("\uFFFD");
      expect(Buffer.byteLength(errorText)).toBeLessThanOrEqual(errorReadBytes);
    }
  });

  test("any bytes become a text", async () => {
    await writeFile(at("error.txt"), new Uint8Array(limits.errorTextBytes).fill(0x80));
    const { errorText } = await collect();
    expect(errorText).toMatch(/^\uFFFD+$/);
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        await writeFile(at("error.txt"), bytes);
        expect((await collect()).errorText).toBe(new TextDecoder().decode(bytes));
      }),
      { numRuns: 100 },
    );
  });

  test("a sparse file of a tebibyte costs no more than its end", { timeout: 5000 }, async () => {
    await writeFile(at("error.txt"), "");
    await truncate(at("error.txt"), 1024 ** 4);
    expect(await collect()).toMatchObject({ errorBytes: 1024 ** 4, errorText: "\0".repeat(errorReadBytes) });
  });

  test("a file that can't be read is no error text", async () => {
    await writeFile(at("error.txt"), "why");
    await chmod(at("error.txt"), 0);
    // root reads it all the same
    expect((await collect()).errorText).toBe(process.getuid?.() === 0 ? "why" : "");
  });
});
