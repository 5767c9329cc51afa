/** `npm run image`: the agent's image, helpers included, as an archive that any container engine loads. */
import { rm, stat } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import manifest from "../../package.json" with { type: "json" };
import { runScript } from "../run-script.ts";
import { buildImage, writeDirectories } from "./build-image.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const file = path.join(root, "dist/agent-image.tar");
const cache = path.join(root, ".local/image");
const layers = {
  version: manifest.version,
  cache,
  show: (text: string) => {
    if (process.stdout.isTTY) console.log(text);
  },
};

const help = `Makes the agent's image, helpers included, as an archive that any container engine loads: dist/agent-image.tar.
Needs no engine, no root; a Debian machine, for its packages.

    npm run image -- [options]
    IMAGE=registry.example/agent:1 npm run image

    --fresh             with today's Debian packages, rather than those of the last time
    --directory <path>  no archive, but what its layers hold, for a Containerfile`;

const options = { fresh: { type: "boolean", default: false }, directory: { type: "string" } } as const;

await runScript({ help, options }, async ({ values: { fresh, directory } }) => {
  if (fresh) await rm(cache, { recursive: true, force: true });
  if (directory === undefined) await makeArchive();
  else await writeDirectories(layers, path.resolve(directory));
});

async function makeArchive(): Promise<void> {
  const begun = performance.now();
  const name = process.env["IMAGE"] || `localhost/container-driver-agent:${manifest.version}`;
  const built = await buildImage({ ...layers, name, file });
  for (const { title, size } of built.layers) console.log(`${toMebibytes(size).padStart(9)}  ${title}`);
  console.log(`${toMebibytes((await stat(file)).size).padStart(9)}  ${path.relative(process.cwd(), file)}`);
  console.log(`${name}\n${built.digest}`);
  console.log(`Made in ${((performance.now() - begun) / 1000).toFixed(1)} s`);
}

function toMebibytes(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
}
