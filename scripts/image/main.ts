/**
 * `npm run image`: the agent's image, helpers included, as an archive that any container engine loads. Needs no engine, no
 * root; a Debian machine, for its packages.
 *
 *     npm run image                            dist/agent-image.tar
 *     IMAGE=registry.example/agent:1 npm run image
 *     npm run image -- --fresh                 with today's Debian packages, rather than those of the last time
 */
import { rm, stat } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import manifest from "../../package.json" with { type: "json" };
import { runScript } from "../run-script.ts";
import { buildImage } from "./build-image.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const file = path.join(root, "dist/agent-image.tar");
const cache = path.join(root, ".local/image");

await runScript({ options: { fresh: { type: "boolean", default: false } } }, async ({ values: { fresh } }) => {
  const begun = performance.now();
  const name = process.env["IMAGE"] || `localhost/container-driver-agent:${manifest.version}`;
  if (fresh) await rm(cache, { recursive: true, force: true });
  const show = (text: string) => {
    if (process.stdout.isTTY) console.log(text);
  };
  const { digest, layers } = await buildImage({ name, version: manifest.version, file, cache, show });
  for (const { title, size } of layers) console.log(`${toMebibytes(size).padStart(9)}  ${title}`);
  console.log(`${toMebibytes((await stat(file)).size).padStart(9)}  ${path.relative(process.cwd(), file)}`);
  console.log(`${name}\n${digest}`);
  console.log(`Made in ${((performance.now() - begun) / 1000).toFixed(1)} s`);
});

function toMebibytes(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
}
