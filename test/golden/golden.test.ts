/**
 * What goes over the wire, is kept, or is published, compared as a whole: a change is seen in review, and it is asked
 * whether programs of the last version can live with it. `npm run golden` writes the files anew.
 */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { createMemoryBus } from "../../src/bus/memory/memory-bus.ts";
import { containerDriver } from "../../src/catalog/container/container.ts";
import { createCatalog } from "../../src/catalog/driver.ts";
import { decodeMessage, encodeMessage } from "../../src/contract/decode.ts";
import { buildRunEvent, eventTypes, RunEvent, type EventKind, type RunEventData } from "../../src/contract/events.ts";
import { parseJson } from "../../src/contract/json.ts";
import { decodeLogChunk, encodeLogChunk, type LogChunk } from "../../src/contract/log-chunk.ts";
import { RunOrder, RunRequest } from "../../src/contract/run.ts";
import { buildOpenApi } from "../../src/docs/openapi.ts";
import { createRecords, type ResourceRecord } from "../../src/driver/record.ts";

const folder = join(import.meta.dirname, "files");
const compared = new Set<string>();

/** Holds text against its golden file. */
async function compare(name: string, text: string): Promise<void> {
  compared.add(name);
  if (process.env["GOLDEN"] === "renew") await writeFile(join(folder, name), text);
  expect(text).toBe(await readFile(join(folder, name), "utf8"));
}

/** One line of JSON as many, in the order in which the keys were written. */
function indent(message: Uint8Array | string): string {
  const text = typeof message === "string" ? message : new TextDecoder().decode(message);
  const parsed = parseJson(text);
  if (!parsed.ok) throw new Error(parsed.problem);
  return `${JSON.stringify(parsed.value, null, 2)}\n`;
}

const readGolden = (name: string): Promise<Uint8Array> => readFile(join(folder, name));

const run = { cluster: "eu-west-3", runId: "01jd0v8e3k7xw2m4n6p8q0r1s2" };
const resource = { driver: "container", guresid: "3f786850e387550fdab836ed7e6dc881de23001b" };
const requestedAt = "2027-01-15T08:00:00.000Z";
const traceparent = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;

const common = { ...run, ...resource, type: "my-org/s3", action: "create" } as const;
const failure = { reason: "exit-code", message: "Main exited with 3", evidence: { exitCode: 3, oomKilled: false } };
const outputs = { values: ["bucket"], secrets: ["password"], manifests: 1 };
const events: Record<EventKind, RunEventData> = {
  requested: { ...common, phase: "requested" },
  accepted: { ...common, phase: "accepted", agent: "agent-1" },
  adopted: { ...common, phase: "running", agent: "agent-2" },
  starting: { ...common, phase: "starting" },
  running: { ...common, phase: "running", commit: "0123456789abcdef0123456789abcdef01234567" },
  warned: { ...common, phase: "running", warning: "The value of PIN is 4 characters: too short to be masked" },
  collecting: { ...common, phase: "collecting" },
  succeeded: { ...common, phase: "succeeded", commit: "0123456", sealed: "header..iv.text.tag", outputs },
  failed: { ...common, phase: "failed", sealed: "header..iv.text.tag", failure },
  cancelled: {
    ...common,
    phase: "cancelled",
    sealed: "header..iv.text.tag",
    failure: { reason: "cancelled", message: "Cancelled" },
  },
};

describe("messages", () => {
  test.for(Object.keys(eventTypes) as EventKind[])("the event %s", async (kind) => {
    const event = buildRunEvent(kind, events[kind], {
      id: `${run.runId}.${kind}`,
      source: "/clusters/eu-west-3/agents/agent-1",
      time: new Date(requestedAt),
      traceparent,
    });
    const name = `event-${kind}.json`;
    await compare(name, indent(encodeMessage(event)));
    expect(decodeMessage(RunEvent, await readGolden(name))).toEqual({ ok: true, value: event });
  });

  test("a log chunk", async () => {
    const chunk: LogChunk = {
      header: {
        v: 1,
        index: 7,
        time: requestedAt,
        checkpoint: { from: "2027-01-15T07:59:59Z", skip: 120, covered: 0 },
        gap: { bytes: 4096, reason: "the kubelet rotated the log" },
        end: true,
      },
      text: new TextEncoder().encode("Apply complete!\nü😀\n"),
    };
    await compare("log-chunk.txt", new TextDecoder().decode(encodeLogChunk(chunk)));
    const decoded = decodeLogChunk(await readGolden("log-chunk.txt"));
    expect(decoded).toMatchObject({ ok: true, value: { header: chunk.header } });
    expect(decoded.ok && new TextDecoder().decode(decoded.value.text)).toBe("Apply complete!\nü😀\n");
  });

  test("a request, and the order inside", async () => {
    const request: RunRequest = { v: 1, order: "header.key.iv.text.tag", inputs: "header.key.iv.text.tag" };
    await compare("request.json", indent(encodeMessage(request)));
    expect(decodeMessage(RunRequest, await readGolden("request.json"))).toEqual({ ok: true, value: request });

    const sealing = { runKey: "bGlrZSAzMiBieXRlcw", runKeyId: "s1", inputsDigest: "LCa0a2j_xo_5m0U8HTBBNBNCLXBkg7-g" };
    const order: RunOrder = {
      v: 1,
      ...common,
      ...sealing,
      requestedAt,
      unlessCommit: "0123456",
      traceparent,
      tracestate: "rojo=1",
    };
    await compare("order.json", indent(encodeMessage(order)));
    expect(decodeMessage(RunOrder, await readGolden("order.json"))).toEqual({ ok: true, value: order });
  });
});

describe("what is kept", () => {
  test("a resource's record, and the result beside it", async () => {
    const bus = createMemoryBus();
    const records = createRecords(bus.records);
    const told = { kind: "succeeded" as const };
    const order = "header.key.iv.text.tag";
    const record: ResourceRecord = {
      v: 1,
      type: "my-org/s3",
      run: { ...run, action: "create", update: true, order, requestedAt, told },
      create: { cluster: "eu-west-3", inputs: "header.key.iv.text.tag", fingerprint: "s1.mac", timeoutSeconds: 3600 },
      result: { commit: "0123456" },
    };
    await records.save(resource, record, 0);
    await records.saveResult(resource, { ...run, sealed: "header..iv.text.tag" }, 0);

    const key = `container.${resource.guresid}`;
    await compare("record.json", indent((await bus.records.get(key))?.value ?? ""));
    await compare("record-result.json", indent((await bus.records.get(`${key}.result`))?.value ?? ""));
    await bus.records.set(key, await readGolden("record.json"), 1);
    expect((await records.load(resource)).record).toEqual(record);
  });
});

describe("what is published", () => {
  test("the OpenAPI document", async () => {
    await compare("openapi.json", indent(JSON.stringify(buildOpenApi(createCatalog([containerDriver]), "0.0.0"))));
  });

  test("the JSON Schema of the container's inputs", async () => {
    await compare("container-inputs.json", indent(JSON.stringify(containerDriver.inputsSchema)));
  });
});

afterAll(async () => {
  // One that nothing is compared with any more would look as if it were kept.
  expect((await readdir(folder)).sort()).toEqual([...compared].sort());
});
