import { link, mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ContainerInputs } from "../../../src/contract/container/inputs.ts";
import { parseJsonObject } from "../../../src/contract/json.ts";
import { setUp } from "./set-up.ts";

let root = "";
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), "set-up-"));
  for (const name of ["shared", "exchange", "scratch", "outside"]) await mkdir(path.join(root, name), { mode: 0o700 });
});
afterEach(() => rm(root, { recursive: true, force: true }));

const shared = (...parts: string[]) => path.join(root, "shared", ...parts);
const read = (...parts: string[]) => readFile(path.join(root, ...parts), "utf8");
const mode = async (...parts: string[]) => (await stat(path.join(root, ...parts))).mode & 0o777;

interface Given {
  files?: Record<string, string>;
  secretFiles?: Record<string, string>;
  rest?: Partial<ContainerInputs["values"]>;
  account?: ContainerInputs["secrets"]["account"];
  resource?: ContainerInputs["resource"];
}

function run({ files = {}, secretFiles = {}, rest = {}, account, resource = {} }: Given, signal?: AbortSignal) {
  const values = { job: { image: "x" }, files, ...rest };
  const secrets = { files: secretFiles, ...(account === undefined ? {} : { account }) };
  const paths = { sharedDirectory: shared(), exchangeDirectory: path.join(root, "exchange") };
  return setUp(
    { order: {}, inputs: { type: "a-type", resource, values, secrets } },
    { paths, scratchDirectory: path.join(root, "scratch"), signal: signal ?? new AbortController().signal },
  );
}

const done = { ok: true, value: {} };
const problem = async (given: Given) => {
  const outcome = await run(given);
  return outcome.ok ? "" : outcome.problem;
};

describe("without a source", () => {
  test("files, plain and secret, are written with the directories on their way", async () => {
    const files = { "run.sh": "#!/bin/sh\n", "a/b/c.txt": "ü€😀\r\n\0", "-rf": "", "..a": "dots" };
    expect(await run({ files, secretFiles: { "a/secret.json": "{}", "run.sh": "secret wins" } })).toEqual(done);
    expect(await read("shared", "a/b/c.txt")).toBe("ü€😀\r\n\0");
    expect(await read("shared", "a/secret.json")).toBe("{}");
    expect(await read("shared", "run.sh")).toBe("secret wins");
    expect((await readdir(shared())).sort()).toEqual(["-rf", "..a", "a", "run.sh"]);
  });

  test("main may be another user: it can write everywhere, and secrets are only for the group", async () => {
    const umask = process.umask(0o077);
    await run({ files: { "a/b/plain": "" }, secretFiles: { "a/secret": "" } });
    process.umask(umask);
    for (const directory of ["shared", "exchange", "shared/a", "shared/a/b"]) expect(await mode(directory)).toBe(0o777);
    expect(await mode("shared/a/b/plain")).toBe(0o666);
    expect(await mode("shared/a/secret")).toBe(0o660);
    expect(await mode("exchange/resource-inputs.json")).toBe(0o666);
  });

  test("the resource object reaches main digit for digit", async () => {
    const text = '{"big":9007199254740993,"one":1.0,"constructor":{"a":[]},"ü":null}';
    const resource = parseJsonObject(text);
    if (!resource.ok) throw new Error(resource.problem);
    await run({ resource: resource.value });
    expect(await read("exchange", "resource-inputs.json")).toBe(text);
  });

  test("script variables keep their JSON types, in a secret file that wins over a plain one", async () => {
    const account = { key: "abc", nested: { a: [1, true, null] }, unused: "x" };
    const credentials_config = { script_variables: { variables: { k: "key", n: "nested" }, file: "v/creds.json" } };
    await run({ account, rest: { credentials_config }, files: { "v/creds.json": "plain" } });
    expect(await read("shared", "v/creds.json")).toBe('{"k":"abc","n":{"a":[1,true,null]}}');
    expect(await mode("shared/v/creds.json")).toBe(0o660);
  });

  test("200 files are written, one more is refused with both figures and nothing is written", async () => {
    const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`f${i}`, ""]));
    expect(await problem({ files: many(150), secretFiles: many(51) })).toBe(
      "Cannot write driver.values.files and driver.secrets.files: " +
        "the number of files is 201 files, the limit is 200 files",
    );
    expect(await readdir(shared())).toEqual([]);
    expect(await run({ files: many(150), secretFiles: many(50) })).toEqual(done);
  });

  test("an aborted setup rejects with the signal's reason", async () => {
    const reason = new Error("cancelled");
    await expect(run({ files: { a: "" } }, AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});

describe("what is in the way of a file", () => {
  const hostile = ["../escape", "/etc/escape", "a/../../escape", ".git/config", "a/.GIT/hooks/x", "a//b", "a\0b", ""];
  test.for(hostile)("%j is refused once more, whoever let it through", async (file) => {
    expect(await problem({ files: { [file]: "x" } })).toMatch(/^Cannot write driver\.values\.files/);
    expect(await readdir(root)).not.toContain("escape");
  });

  test("a link out of the directory is not written through, at any depth, absolute or relative", async () => {
    await mkdir(shared("deep"));
    await symlink(path.join(root, "outside"), shared("absolute"));
    await symlink("../../outside", shared("deep/relative"));
    await symlink("deep/relative", shared("chain"));
    await symlink("/", shared("slash"));
    for (const way of ["absolute", "deep/relative", "chain", "slash/tmp"]) {
      const link = way === "slash/tmp" ? "slash" : way;
      expect(await problem({ secretFiles: { [`${way}/x/y`]: "canary" } })).toBe(
        `Cannot write driver.secrets.files["${way}/x/y"]: ${link} is a symbolic link that leads out of the shared directory`,
      );
    }
    expect(await readdir(path.join(root, "outside"))).toEqual([]);
  });

  test("a directory beside the shared one whose name begins alike is outside", async () => {
    await mkdir(path.join(root, "shared-not"));
    await symlink("../shared-not", shared("link"));
    expect(await problem({ files: { "link/x": "" } })).toContain("leads out of");
  });

  test("a link into .git, a dangling one and a loop are refused; a link that stays inside is followed", async () => {
    await mkdir(shared(".git/hooks"), { recursive: true });
    await mkdir(shared("v2"));
    const links = { hooks: ".git/hooks", dangling: "nowhere", loop: "loop", current: "v2" };
    for (const [name, target] of Object.entries(links)) await symlink(target, shared(name));
    for (const name of ["hooks", "dangling", "loop"]) {
      expect(await problem({ files: { [`${name}/x`]: "" } })).toContain(`${name} is a symbolic link that leads out`);
    }
    expect(await run({ files: { "current/x": "new" } })).toEqual(done);
    expect(await read("shared", "v2/x")).toBe("new");
  });

  test("a link or a hard link of the file's own name is replaced, and what it led to stays as it is", async () => {
    const target = path.join(root, "outside", "target");
    await writeFile(target, "old");
    await symlink(target, shared("symbolic"));
    await link(target, shared("hard"));
    expect(await run({ files: { symbolic: "new", hard: "new" } })).toEqual(done);
    expect(await readFile(target, "utf8")).toBe("old");
    expect(await read("shared", "symbolic")).toBe("new");
    await expect(readlink(shared("symbolic"))).rejects.toThrow(/EINVAL/);
  });

  test("a directory in a file's place, a file in a directory's place", async () => {
    await mkdir(shared("there"));
    await writeFile(shared("file"), "");
    await symlink("file", shared("link"));
    expect(await problem({ files: { there: "" } })).toBe(
      "Cannot write driver.values.files.there: there is a directory of this name",
    );
    const text = 'Cannot write driver.values.files["file/x/y"]: file is a file, not a directory';
    expect(await problem({ files: { "file/x/y": "" } })).toBe(text);
    expect(await problem({ files: { "link/x": "" } })).toContain("link is a file, not a directory");
    expect(await problem({ files: { a: "", "a/b": "" } })).toContain("a is a file, not a directory");
  });

  test("a name that is too long for the file system", async () => {
    expect(await problem({ files: { [`a/${"x".repeat(300)}`]: "" } })).toContain("too long for the file system");
  });
});
