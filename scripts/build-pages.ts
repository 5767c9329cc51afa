/**
 * Writes the pages' script and style sheet, bundled, as texts that the front door serves: `npm run pages`. What is written
 * is committed, so that nothing has to be built to run it; a test proves that it is what the sources make.
 */
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { build, type Plugin } from "esbuild";

const root = path.join(import.meta.dirname, "..");
const target = path.join(root, "src/pages/generated/assets.ts");

/** In a browser elements become live ones and never text: what makes texts of them is left out. */
const liveElements: Plugin = {
  name: "live-elements",
  setup({ onResolve, resolve }) {
    onResolve({ filter: /^hono\/jsx$/ }, ({ resolveDir, kind }) => resolve("hono/jsx/dom", { resolveDir, kind }));
  },
};

/** The module's text, from the sources as they are. */
export async function buildPagesModule(): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: { script: "src/pages/browser/main.ts", style: "src/pages/browser/style.css" },
    outdir: "out",
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    // Browsers of the last two years.
    target: ["chrome131", "firefox132", "safari18"],
    charset: "utf8",
    legalComments: "none",
    plugins: [liveElements],
  });
  const find = (extension: string) => outputFiles.find((file) => file.path.endsWith(extension))?.text.trim() ?? "";
  return [
    "// Written by `npm run pages` from src/pages/browser; a test proves that it is fresh.",
    `export const scriptText: string = ${JSON.stringify(find(".js"))};`,
    `export const styleText: string = ${JSON.stringify(find(".css"))};`,
    "",
  ].join("\n");
}

if (import.meta.main) await writeFile(target, await buildPagesModule());
