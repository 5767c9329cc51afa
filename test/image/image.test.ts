/** The archive that `npm run image` makes, from small layers in place of Debian's and Node's. */
import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdir, readdir, readFile, readlink, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { listApp } from "../../scripts/image/app-layer.ts";
import { parseDependencies } from "../../scripts/image/base-layer.ts";
import { buildImage, writeDirectories } from "../../scripts/image/build-image.ts";
import { buildFile, type Entry } from "../../scripts/image/entry.ts";
import { parseJson } from "../../src/contract/json.ts";
import { createTemporaryDirectory, type TemporaryDirectory } from "../support/temporary-directory.ts";

const name = "registry.example/agent:1.2.3";
let directory: TemporaryDirectory;
beforeAll(async () => {
  directory = await createTemporaryDirectory();
});
afterAll(() => directory.remove());

const at = (...parts: string[]) => path.join(directory.path, ...parts);
const parts = [
  { name: "base", title: "Base", list: async () => [buildFile("etc/passwd", "agent:x:1000:1000\n")] },
  { name: "app", title: "App", list: async (): Promise<Entry[]> => [{ kind: "link", path: "app/link", target: "x" }] },
];

const layersIn = (cache: string) => ({ version: "1.2.3", cache: at(cache), show: () => undefined, parts });

async function build(file: string, cache = "cache") {
  return buildImage({ ...layersIn(cache), name, file: at(file) });
}

async function unpack(file: string): Promise<string> {
  const into = at(`${file}.d`);
  await mkdir(into);
  await promisify(execFile)("tar", ["-xf", at(file), "-C", into]);
  return into;
}

function parse(bytes: Uint8Array): unknown {
  const parsed = parseJson(new TextDecoder().decode(bytes));
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.value;
}

const readJson = async (...file: string[]) => parse(await readFile(path.join(...file)));

const digest = (bytes: Uint8Array) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

/** What image-spec 1.0 has, as far as it is looked at here. */
interface Descriptor {
  readonly digest: string;
  readonly size: number;
}
interface Index {
  readonly manifests: readonly Descriptor[];
}
interface Manifest {
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}
interface Config {
  readonly rootfs: { readonly diff_ids: readonly string[] };
  readonly config: object;
}

/** How containerd, and podman and skopeo, find the image's name. */
const annotations = { "io.containerd.image.name": name, "org.opencontainers.image.ref.name": name };

describe("the archive", () => {
  test("is an OCI layout in which every file is what its name and its descriptor say", async () => {
    const built = await build("layout.tar");
    const layout = await unpack("layout.tar");
    expect(await readJson(layout, "oci-layout")).toEqual({ imageLayoutVersion: "1.0.0" });
    for (const file of await readdir(path.join(layout, "blobs/sha256")))
      expect(digest(await readFile(path.join(layout, "blobs/sha256", file)))).toBe(`sha256:${file}`);
    const readBlob = async ({ digest, size }: Descriptor) => {
      const bytes = await readFile(path.join(layout, "blobs", digest.replace(":", "/")));
      expect(bytes.length).toBe(size);
      return bytes;
    };
    const index = (await readJson(layout, "index.json")) as Index;
    expect(index.manifests).toEqual([expect.objectContaining({ digest: built.digest, annotations })]);
    const manifest = parse(await readBlob(index.manifests[0] as Descriptor)) as Manifest;
    const config = parse(await readBlob(manifest.config)) as Config;
    const layers = await Promise.all(manifest.layers.map(readBlob));
    expect(layers.map((layer) => digest(gunzipSync(layer)))).toEqual(config.rootfs.diff_ids);
    expect(config.config).toMatchObject({ User: "1000:1000", Entrypoint: ["/usr/local/bin/node", "/app/agent.js"] });
    // Docker's own store goes by this one.
    expect(await readJson(layout, "manifest.json")).toEqual([
      {
        Config: `blobs/${manifest.config.digest.replace(":", "/")}`,
        RepoTags: [name],
        Layers: manifest.layers.map((layer) => `blobs/${layer.digest.replace(":", "/")}`),
      },
    ]);
  });

  test("is the same, byte for byte, when it is made again, elsewhere and without what was kept", async () => {
    const [one, two] = [await build("one.tar"), await build("two.tar", "other-cache")];
    expect(two).toMatchObject({ digest: one.digest });
    expect((await readFile(at("two.tar"))).equals(await readFile(at("one.tar")))).toBe(true);
  });

  test("isn't there when it could not be made, and neither is half of it", async () => {
    const failing = { name: "bad", title: "Bad", list: async () => [buildFile("x".repeat(200), "")] };
    const options = { ...layersIn("failing"), name, file: at("failing.tar"), parts: [...parts, failing] };
    await expect(buildImage(options)).rejects.toThrow(/Cannot archive x+: a part of its name is 200 bytes/);
    expect((await readdir(at())).filter((file) => file.startsWith("failing.tar"))).toEqual([]);
  });

  test("is made though a layer that was being packed was cut off before", async () => {
    const { digest, layers } = await build("first.tar", "cut");
    for (const { file } of layers) await rename(file, `${file}.1`);
    expect((await build("second.tar", "cut")).digest).toBe(digest);
    expect((await readdir(at())).filter((file) => /\.tar\.\d+$/.test(file))).toEqual([]);
  });
});

test("a Containerfile gets the same as directories", async () => {
  await writeDirectories(layersIn("cache"), at("directories"));
  expect(await readFile(at("directories/base/etc/passwd"), "utf8")).toBe("agent:x:1000:1000\n");
  expect(await readlink(at("directories/app/app/link"))).toBe("x");
  expect(await readdir(at("directories"))).toEqual(["app", "base"]);
});

describe("the programs", () => {
  async function writePrograms(): Promise<string> {
    const home = at("app");
    for (const entry of await listApp()) {
      if (entry.kind !== "file" || !(entry.content instanceof Uint8Array)) continue;
      await mkdir(home, { recursive: true });
      await writeFile(path.join(home, path.basename(entry.path)), entry.content);
    }
    return home;
  }

  test("are files that stand alone, with the licences of what is in them", async () => {
    const entries = await listApp();
    const paths = entries.map((entry) => entry.path);
    expect(paths).toEqual(expect.arrayContaining(["app/agent.js", "app/setup.js", "app/collector.js", "app/LICENSE"]));
    expect(paths).toEqual(expect.arrayContaining(["app/licenses/valibot/LICENSE.md", "app/licenses/jose/LICENSE.md"]));
    const home = await writePrograms();
    for (const [program, word] of [
      ["setup.js", "Cannot set up: ENOENT"],
      ["collector.js", "Cannot collect: the action"],
      ["agent.js", "Cannot start: NATS_URL is missing"],
    ] as const) {
      // Where the project's packages can't be found.
      const child = spawn(process.execPath, [path.join(home, program)], { cwd: home, env: {}, stdio: "pipe" });
      const said = Promise.all([Array.fromAsync(child.stdout), Array.fromAsync(child.stderr)]);
      const [exitCode] = (await once(child, "exit")) as [number];
      expect(exitCode).toBeGreaterThan(0);
      expect([program, (await said).join("\n")]).toEqual([program, expect.stringContaining(word)]);
    }
  });

  test("that are on every run's way hold nothing of the other one, nor of the agent", async () => {
    const texts = new Map(
      (await listApp()).flatMap((entry) =>
        entry.kind === "file" && entry.content instanceof Uint8Array
          ? [[entry.path, new TextDecoder().decode(entry.content)] as const]
          : [],
      ),
    );
    expect(texts.get("app/collector.js")).not.toContain("child_process");
    for (const helper of ["app/setup.js", "app/collector.js"]) {
      expect(texts.get(helper)?.length).toBeLessThan(128 * 1024);
      expect(texts.get(helper)).not.toContain("nats");
    }
  });
});

test("dependencies are read as apt-cache prints them", () => {
  const text = `git
  Depends: libc6
 |Depends: one-of
  Depends: <virtual>
    real
  PreDepends: dpkg
<virtual>
libc6
  Depends: libgcc-s1
`;
  expect(parseDependencies(text)).toEqual(
    new Map([
      ["git", ["libc6", "one-of", "dpkg"]],
      ["libc6", ["libgcc-s1"]],
    ]),
  );
});
