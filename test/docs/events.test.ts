/** docs/events.md holds what events are: its table, its examples and its schema, against real runs. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { format, resolveConfig } from "prettier";
import { describe, expect, test } from "vitest";
import { eventTypes, RunEvent } from "../../src/contract/events.ts";
import { limits } from "../../src/contract/limits.ts";
import { decodeLogChunk, type LogChunkHeader } from "../../src/contract/log-chunk.ts";
import { isJsonObject, parseJsonObject, stringifyJson, type JsonObject } from "../../src/contract/json.ts";
import { toSchemaDocument } from "../../src/docs/json-schema.ts";
import { createDriverClient, createGuresid } from "../support/driver-client.ts";
import { buildScriptRequest } from "../support/script-request.ts";
import { startStandaloneServer } from "../support/standalone-server.ts";
import { readEvents, readRunId } from "../support/story.ts";
import { awaitInShell } from "../support/witness.ts";

const root = join(import.meta.dirname, "../..");
const page = await readFile(join(root, "docs/events.md"), "utf8");
const [beforeLogs = "", aboutLogs = ""] = page.split("## Logs on NATS");
const lines = (await readFile(join(root, "examples/consumers/events.jsonl"), "utf8")).trim().split("\n");
const examples = lines.map(demandObject);

/** What the page says that the data of a type has, and may have, beside what every event has. */
const listed = new Map(
  [...page.matchAll(/^\| `(run\.\w+\.v1)` +\|[^|]*\|([^|]*)\|([^|]*)\|$/gm)].map(([, type = "", always, maybe]) => {
    const names = (cell = "") => [...cell.matchAll(/`(\w+)`/g)].map(([, name = ""]) => name);
    return [type, { always: names(always), maybe: names(maybe) }] as const;
  }),
);
const common = ["runId", "cluster", "driver", "guresid", "type", "action", "phase"];

const document = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  title: "A run event",
  ...toSchemaDocument(RunEvent),
};
const isEvent = new Ajv2020({ strict: true, strictRequired: false, formats: { "date-time": true } }).compile(document);

function demandObject(text: string): JsonObject {
  const parsed = parseJsonObject(text);
  if (!parsed.ok) throw new Error(`Cannot read an event: ${parsed.problem}`);
  return parsed.value;
}

const readType = ({ type }: JsonObject) => (typeof type === "string" ? type : "none");

/** What an event has that the page doesn't say, and the other way round. */
function findDifferences(event: JsonObject): string[] {
  const { data } = event;
  const type = readType(event);
  const row = listed.get(type);
  if (row === undefined || !isJsonObject(data)) return [`the type ${type} isn't listed`];
  const keys = Object.keys(data);
  const unlisted = keys.filter((key) => ![...common, ...row.always, ...row.maybe].includes(key));
  const missing = [...common, ...row.always].filter((key) => !keys.includes(key));
  return [
    ...unlisted.map((key) => `${type} has ${key}, which isn't listed`),
    ...missing.map((key) => `${type} has no ${key}`),
  ];
}

describe("docs/events.md", () => {
  test("lists every type, and has an example of each", () => {
    const types = Object.values(eventTypes).toSorted();
    expect([...listed.keys()].toSorted()).toEqual(types);
    expect(examples.map(readType).toSorted()).toEqual(types);
  });

  test("the schema beside it is the one that events are checked with", async () => {
    const file = join(root, "docs/events.schema.json");
    const options = { ...(await resolveConfig(file)), filepath: file };
    await expect(await format(stringifyJson(document), options)).toMatchFileSnapshot(file);
  });

  test.for(examples)("the example of $type is as the page and the schema say", (event) => {
    expect(findDifferences(event)).toEqual([]);
    isEvent(event);
    expect(isEvent.errors).toBeNull();
  });

  test("the example that it shows is one of them, with its sealed part cut", () => {
    const [, block = ""] = /<!-- example -->\s+```json\n([^]*?)```/.exec(page) ?? [];
    const shown = demandObject(block.replace(/("sealed": "\w+)…"/, '$1"'));
    const whole = examples.find(({ id }) => id === shown["id"]);
    const cut = stringifyJson(whole ?? "none").replace(/("sealed":"eyJhbGciOiJkaXIi)[^"]+/, "$1");
    expect(shown).toEqual(demandObject(cut));
  });

  test("explains every key of an event and of its data", () => {
    const explained = beforeLogs.matchAll(/^\| (`\w+`(?:, `\w+`)*) +\|/gm);
    const names = [...explained].flatMap(([, cell = ""]) =>
      [...cell.matchAll(/`(\w+)`/g)].map(([, name = ""]) => name),
    );
    const { data, ...event } = RunEvent.entries;
    const keys = [...Object.keys(event), ...Object.keys(data.entries)];
    expect(
      keys.filter((key) => !names.includes(key) && !["specversion", "datacontenttype", "warning"].includes(key)),
    ).toEqual([]);
  });

  test("shows a chunk of a log that can be read, and explains every key of its first line", () => {
    const [, block = ""] = /<!-- example: log chunk -->\s+```text\n([^]*?)```/.exec(aboutLogs) ?? [];
    const chunk = decodeLogChunk(new TextEncoder().encode(block));
    if (!chunk.ok) throw new Error(chunk.problem);
    expect(new TextDecoder().decode(chunk.value.text)).toBe("Creating the bucket\nDone\n");
    const all: Required<LogChunkHeader> = { ...chunk.value.header, gap: { bytes: 1, reason: "" }, end: true };
    const explained = [...aboutLogs.matchAll(/^\| `(\w+)` +\|/gm)].map(([, name = ""]) => name);
    expect(explained.toSorted()).toEqual(Object.keys(all).toSorted());
    expect(aboutLogs.replaceAll(/\s+/g, " ")).toContain(`${limits.logChunkBytes / 1024} KiB of text`);
  });
});

test("events of runs that succeed, fail and are cancelled are as the page says", { timeout: 60_000 }, async () => {
  const server = await startStandaloneServer();
  try {
    const driver = createDriverClient(server.url);
    const secrets = { job: { variables: { PIN: "12" } } };
    const succeeding = await driver.provision(createGuresid(), buildScriptRequest(":", { secrets }));
    const failing = await driver.provision(createGuresid(), buildScriptRequest("exit 3"));
    const witness = await server.createWitness();
    const waiting = `echo run > ${witness.path}/runs; ${awaitInShell(`${witness.path}/never`)}`;
    const cancelled = await driver.put(createGuresid(), buildScriptRequest(waiting));
    await witness.await("runs");
    expect((await fetch(`${server.url}/runs/${readRunId(cancelled)}/cancel`, { method: "POST" })).status).toBe(202);
    const seen = new Set<string>();
    for (const answer of [succeeding, failing, cancelled])
      for (const event of await readEvents(server.bus, { cluster: server.cluster, runId: readRunId(answer) })) {
        seen.add(event.type);
        const told = demandObject(stringifyJson(event));
        expect(findDifferences(told)).toEqual([]);
        isEvent(told);
        expect(isEvent.errors).toBeNull();
      }
    // Nobody went away, so that nobody had to adopt.
    expect(seen).toEqual(new Set(Object.values(eventTypes).filter((type) => type !== eventTypes.adopted)));
  } finally {
    await server.stop();
  }
});
