import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { parseJson, type JsonObject } from "../../src/contract/json.ts";
import { succeed } from "../../src/contract/result.ts";
import { readEndedFile, reserveEndedFile, writeEndedFile, type EndedFile } from "./ended-file.ts";

let directory: string;
let path: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "ended-"));
  path = join(directory, "ended.json");
});
afterEach(() => rm(directory, { recursive: true }));

function buildContent(values: JsonObject): EndedFile {
  const outputs = succeed({ values, secrets: { s: "x" }, manifests: [] });
  return {
    ended: {
      kind: "ended",
      cause: { kind: "exited", exitCode: 0 },
      collected: { outputs, errorText: "é\0", errorBytes: 3 },
      commit: "c",
    },
    logGap: { bytes: 3, reason: "ENOSPC" },
  };
}

test("a final status comes back as it was written, every digit included", async () => {
  const parsed = parseJson('{"a":90071992547409931.0,"constructor":null}');
  const content = buildContent((parsed.ok ? parsed.value : {}) as JsonObject);
  await reserveEndedFile(path);
  await writeEndedFile(path, content);
  expect(await readEndedFile(path)).toEqual({ ok: true, value: content });
  expect(await readFile(path, "utf8")).toContain('"a":90071992547409931.0');
});

test("there is none before it is written", async () => {
  expect(await readEndedFile(path)).toBeUndefined();
  await reserveEndedFile(path);
  expect(await readEndedFile(path)).toBeUndefined();
});

test("when the disk is full, the reason is written over the room that was reserved", async () => {
  await reserveEndedFile(path);
  await symlink("/dev/full", `${path}.whole`);
  await writeEndedFile(path, buildContent({ a: "x".repeat(100_000) }));
  expect(await readEndedFile(path)).toEqual({
    ok: true,
    value: {
      ended: {
        kind: "ended",
        cause: {
          kind: "lost",
          message: "Cannot write the result of the run to the disk: ENOSPC (main had exited with code 0)",
        },
      },
      logGap: { bytes: 3, reason: "ENOSPC" },
    },
  });
  expect(await readdir(directory)).not.toContain("ended.json.draft");
});

test.each(["", "{", '{"ended":{"kind":"ended","cause":{"kind":"melted"}}}', '{"ended":{"kind":"running"}}', "[]"])(
  "%j in the file is refused",
  async (text) => {
    await writeFile(path, text);
    expect(await readEndedFile(path)).toMatchObject({ ok: false });
  },
);
