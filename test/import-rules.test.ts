import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { findBreaches, findCycles, type Rules } from "./import-rules/check-imports.ts";
import { findImports, type Import } from "./import-rules/find-imports.ts";
import { rules } from "./import-rules/rules.ts";

const root = join(import.meta.dirname, "..");

async function findFiles(): Promise<string[]> {
  const folders = ["src", "k8s-agent", "adapters", "scripts", "test", "examples"];
  const found = await Promise.all(
    folders.map(async (folder) =>
      (await readdir(join(root, folder), { recursive: true })).map((file) => `${folder}/${file}`),
    ),
  );
  const own = (await readdir(root)).filter((file) => file.endsWith(".ts"));
  return [...found.flat(), ...own].filter((file) => file.endsWith(".ts") && !file.includes("node_modules/"));
}

async function readImports(): Promise<Import[]> {
  const files = await findFiles();
  const imports = await Promise.all(
    files.map(async (file) => findImports(file, await readFile(join(root, file), "utf8"))),
  );
  return imports.flat();
}

describe("this project", () => {
  test("imports only what the table allows", async () => {
    const imports = await readImports();
    expect(imports.length).toBeGreaterThan(500);
    expect(findBreaches(imports, rules)).toEqual([]);
  });

  test("has no circle of imports", async () => {
    expect(findCycles(await readImports())).toEqual([]);
  });
});

describe("finding imports", () => {
  test("knows every form, with its line", () => {
    const text = [
      'import "./a.ts";',
      'import b from "./b.ts";',
      'import * as c from "./c.ts";',
      "import type {",
      "  D,",
      '} from "./d.ts";',
      'import e, { type F } from "./e.ts";',
      'export * from "./f.ts";',
      'export * as g from "./g.ts";',
      'export { h } from "./h.ts";',
      'export type { I } from "./i.ts";',
      'import j from "./j.json" with { type: "json" };',
      'const k = await import("./k.ts");',
      "type L = import('./l.ts').L;",
    ].join("\n");
    const found = findImports("x.ts", text).map(({ line, specifier }) => `${line} ${specifier}`);
    expect(found).toEqual([
      "1 ./a.ts",
      "2 ./b.ts",
      "3 ./c.ts",
      "4 ./d.ts",
      "7 ./e.ts",
      "8 ./f.ts",
      "9 ./g.ts",
      "10 ./h.ts",
      "11 ./i.ts",
      "12 ./j.json",
      "13 ./k.ts",
      "14 ./l.ts",
    ]);
  });

  test("takes nothing else for one", () => {
    const text = [
      'const text = "taken from here";',
      'export const from = "x";',
      'export function f() { return "from"; }',
      '// import x from "./x.ts"',
      ' * import x from "./x.ts"',
      "const url = import.meta.url;",
      'const other = reimport("./x.ts");',
    ].join("\n");
    expect(findImports("x.ts", text)).toEqual([]);
  });
});

describe("the table", () => {
  /** What is said of one import; "allowed" when nothing is. */
  const judge = (file: string, specifier: string, table: Rules = rules): string =>
    findBreaches([{ file, line: 1, specifier }], table)[0] ?? "allowed";

  test.for<[file: string, specifier: string]>([
    ["src/driver/routes.ts", "../contract/json.ts"],
    ["src/driver/routes.ts", "./answer.ts"],
    ["src/driver/routes.ts", "hono"],
    ["src/middleware/x.ts", "hono/request-id"],
    ["src/bus/nats/access/x.ts", "../../address.ts"],
    ["src/bus/nats/x.ts", "@nats-io/jetstream"],
    ["src/catalog/container/x.ts", "../../docs/json-schema.ts"],
    ["src/driver/x.test.ts", "../bus/memory/memory-bus.ts"],
    ["src/driver/x.test.ts", "node:fs"],
    ["src/app.fixture.ts", "./sealing/sealing.fixture.ts"],
    ["k8s-agent/local/x.ts", "../sidecar/setup/set-up.ts"],
    ["k8s-agent/main.ts", "./intake/intake.ts"],
    ["adapters/standalone/x.ts", "../../k8s-agent/local/x.ts"],
    ["adapters/node/version.ts", "../../package.json"],
    ["test/cases/x.ts", "../../adapters/standalone/main.ts"],
    ["scripts/demo.ts", "../adapters/standalone/standalone.ts"],
  ])("lets %s import %s", ([file, specifier]) => {
    expect(judge(file, specifier)).toBe("allowed");
  });

  test.for<[file: string, specifier: string, rule: string]>([
    ["src/contract/x.ts", "../log.ts", "src/contract may import nothing else"],
    ["src/contract/x.ts", "jose", "src/contract may import the packages valibot"],
    ["src/contract/container/x.ts", "hono", "src/contract may import the packages valibot"],
    ["src/sealing/x.ts", "../driver/record.ts", "src/sealing may import src/contract"],
    ["src/driver/x.ts", "../bus/memory/memory-bus.ts", "src/driver may import"],
    ["src/driver/x.ts", "../catalog/container/container.ts", "src/driver may import"],
    ["src/driver/x.ts", "node:crypto", "src/driver may import the packages hono, ulid, valibot"],
    ["src/docs/json-schema.ts", "../catalog/driver.ts", "src/docs/json-schema.ts may import src/contract"],
    ["src/bus/memory/x.ts", "../nats/nats-bus.ts", "src/bus/memory may import"],
    ["src/bus/port.ts", "./memory/memory-bus.ts", "src/bus may import src/contract"],
    ["src/app.ts", "./bus/nats/nats-bus.ts", "src/* may import"],
    ["src/app.ts", "../k8s-agent/main.ts", "src/* may import"],
    ["src/app.ts", "../adapters/node/serve.ts", "src/* may import"],
    ["src/log.ts", "pino", "src/log.ts may import the packages none"],
    ["src/runs/x.ts", "../driver/record.ts", "src/runs may import"],
    ["k8s-agent/collect/x.ts", "../../src/driver/record.ts", "k8s-agent/collect may import"],
    ["k8s-agent/collect/x.ts", "../intake/intake.ts", "k8s-agent/collect may import"],
    ["k8s-agent/watch/x.ts", "../collect/other.ts", "k8s-agent/watch may import"],
    ["k8s-agent/job/x.ts", "node:path", "k8s-agent/job may import the packages @kubernetes/client-node, valibot, yaml"],
    ["k8s-agent/intake/x.ts", "../../src/bus/nats/nats-bus.ts", "k8s-agent/intake may import"],
    ["k8s-agent/new-stage/x.ts", "../intake/intake.ts", "its folder has no row in the table"],
    ["adapters/cloudflare/x.ts", "node:fs", "adapters/cloudflare may import the packages"],
    ["adapters/cloudflare/x.ts", "../node/serve.ts", "adapters/cloudflare may import"],
    ["adapters/agent/x.ts", "../../src/app.ts", "adapters/agent may import"],
    ["adapters/node/x.ts", "../../k8s-agent/main.ts", "adapters/node may import"],
    ["somewhere/x.ts", "../src/app.ts", "its folder has no row in the table"],
    ["src/driver/x.ts", "./answer", "imports carry .ts"],
    ["src/driver/x.ts", "../app.fixture.ts", "fixtures are for tests"],
    ["src/driver/x.test.ts", "./decide.test.ts", "nobody imports a test"],
    ["test/cases/x.ts", "../bus/memory.test.ts", "nobody imports a test"],
    ["src/driver/x.ts", "../../test/bus/stage.ts", "src/driver may import"],
    ["src/driver/x.ts", "../../scripts/demo.ts", "src/driver may import"],
  ])("does not let %s import %s: %s", ([file, specifier, rule]) => {
    expect(judge(file, specifier)).toContain(`${file}:1 imports ${specifier}: ${rule}`);
  });

  test("has only rows that lead somewhere", async () => {
    const files = await findFiles();
    // Folders that are planned: their rows say what they will be held to.
    const planned = ["src/runs", "k8s-agent/job"];
    const exists = (name: string) => files.some((file) => file === name || file.startsWith(`${name}/`));
    const named = Object.entries(rules).flatMap(([folder, { may = [] }]) => [folder, ...may]);
    const missing = named.filter((name) => !exists(name.replace(/\/\*+$/, "")) && name !== "package.json");
    expect([...new Set(missing)].filter((name) => !planned.includes(name))).toEqual([]);
  });
});

describe("circles", () => {
  const line = 1;
  test("are found, however long, and told once", () => {
    const imports = [
      { file: "a.ts", line, specifier: "./b/b.ts" },
      { file: "b/b.ts", line, specifier: "../c.ts" },
      { file: "c.ts", line, specifier: "./a.ts" },
      { file: "d.ts", line, specifier: "./d.ts" },
      { file: "e.ts", line, specifier: "./a.ts" },
    ];
    expect(findCycles(imports)).toEqual(["a.ts -> b/b.ts -> c.ts -> a.ts", "d.ts -> d.ts"]);
  });

  test("are not where ways only meet", () => {
    const imports = [
      { file: "a.ts", line, specifier: "./b.ts" },
      { file: "a.ts", line, specifier: "./c.ts" },
      { file: "b.ts", line, specifier: "./d.ts" },
      { file: "c.ts", line, specifier: "./d.ts" },
      { file: "d.ts", line, specifier: "node:fs" },
    ];
    expect(findCycles(imports)).toEqual([]);
  });
});
