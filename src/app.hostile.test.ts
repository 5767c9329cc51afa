/** Whatever is thrown at the front door: never a 500, always a well-formed answer, and no secret anywhere. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { buildBody, createStage, failWith, path, succeedWith, type Reply } from "./app.fixture.ts";
import { interceptBus } from "./bus.fixture.ts";
import { createMemoryBus } from "./bus/memory/memory-bus.ts";
import { realRequests } from "./contract/container/requests.fixture.ts";
import { check } from "./contract/decode.ts";
import { AsyncProgressHint, DriverError } from "./contract/driver-api/answers.ts";
import { stringifyJson, type JsonObject, type JsonValue } from "./contract/json.ts";
import { createParties } from "./sealing/sealing.fixture.ts";

const parties = await createParties();
const canary = "canary-4711-Zq";

/** The canary as it is, and in the forms in which it could hide. */
function findCanary(text: string): string[] {
  const forms = [
    canary,
    canary.toUpperCase(),
    Buffer.from(canary).toString("hex"),
    // Base64 of a text that stands at any place of a longer one, without what its neighbours change.
    ...[0, 1, 2].map((shift) =>
      Buffer.from(" ".repeat(shift) + canary)
        .toString("base64url")
        .slice(4, -4),
    ),
  ];
  return forms.filter((form) => text.includes(form));
}

describe("a secret", () => {
  const secrets = {
    account: { key: canary, nested: { list: [canary] } },
    job: { variables: { TOKEN: canary } },
    files: { "secret.txt": `${canary}\n` },
    source: { password: canary, known_hosts: canary },
    cluster: { agent_url: canary, kubeconfig: canary },
  };
  const values = {
    job: { image: "runner", variables: { PLAIN: canary }, args: [canary], pod_template: canary },
    source: { url: "https://git.example/r" },
    credentials_config: { environment: { KEY: "key" } },
    files: { "plain.txt": canary },
  };

  test("is in no byte that is stored, no header, no error, no line of the log, through a resource's life", async () => {
    const bus = createMemoryBus();
    const written: string[] = [];
    const record = (data: Uint8Array) => written.push(Buffer.from(data).toString("latin1"));
    const watch = (of: typeof bus) => interceptBus(of, ({ data }) => void (data && record(data)));
    const stage = await createStage({ parties, bus: watch(bus) });
    const replies: Reply[] = [];
    const ask = async (reply: Promise<Reply>) => replies.push(await reply);
    const body = buildBody({ name: canary }, values, secrets);

    await ask(stage.put(body, { cookie: "x", headers: { Authorization: `Bearer ${canary}` } }));
    await ask(stage.put(buildBody({ name: `${canary}2` }, values, secrets)));
    await (await stage.takeRun()).end(failWith("it failed"));
    await ask(stage.put(body));
    await ask(stage.put(body));
    await (await stage.takeRun()).end(succeedWith({ password: canary }));
    const told = await stage.put(body);
    expect(told.text).toContain(canary);
    await ask(stage.delete());
    const { run, end } = await stage.takeRun();
    expect(run.inputs.secrets.account).toEqual(secrets.account);
    await end(succeedWith());
    await ask(stage.delete());

    expect(replies.map(({ status }) => status)).toEqual([202, 409, 400, 202, 202, 204]);
    expect(written.length).toBeGreaterThan(15);
    for (const text of [...written, ...stage.logged]) expect(findCanary(text)).toEqual([]);
    for (const { text, headers } of replies) expect(findCanary(text + JSON.stringify([...headers]))).toEqual([]);
    expect(findCanary(JSON.stringify([...told.headers]))).toEqual([]);
  });

  test("is in no refusal, wherever a request has it", async () => {
    const stage = await createStage({ parties });
    const places: unknown[] = [
      canary,
      `{"type":"${canary}`,
      { ...buildBody(), type: canary },
      { ...buildBody(), resource: canary },
      { ...buildBody(), driver: canary },
      buildBody({}, { job: canary }),
      buildBody({}, { job: { image: `${canary} ${canary}` } }),
      buildBody({}, { job: { image: "i", variables: { A: [canary] } } }),
      buildBody({}, { files: { a: { b: canary } } }),
      buildBody({}, { source: { url: `https://me:${canary}@git.example/r` } }),
      buildBody({}, { cluster: `${canary}/../x` }),
      buildBody({}, { timeout: canary }),
      buildBody({}, {}, { account: canary }),
      buildBody({}, {}, { source: { password: `${canary}\n` } }),
      buildBody({}, { credentials_config: { environment: { A: canary } } }, { account: { other: canary } }),
    ];
    for (const body of places) {
      const reply = await stage.put(body);
      expect(reply.status).toBe(400);
      expect(findCanary(reply.text)).toEqual([]);
    }
    for (const line of stage.logged) expect(findCanary(line)).toEqual([]);
  });

  test("would be found if it were there", () => {
    expect(findCanary(`x${canary}y`)).toHaveLength(1);
    for (const before of ["", "a", "ab", "abc"]) {
      const text = Buffer.from(`${before}${canary}-and-more`).toString("base64url");
      expect(findCanary(text)).not.toEqual([]);
    }
  });
});

const hostileText = fc.oneof(
  fc.constantFrom("", "\0", "\ud800", "../..", "/etc/passwd", "__proto__", "constructor", "ext::sh", "-x", "\n", "💥"),
  fc.constantFrom("-".repeat(5000), "${x}", "%00", "https://git.example/r", "git@host:-r", canary),
  fc.string({ maxLength: 12 }),
);
const hostileValue: fc.Arbitrary<JsonValue> = fc.oneof(
  fc.constantFrom<JsonValue[]>(null, true, -1, 1.5, 1e21, 86_401, [], {}, [[]], { "": {} }),
  hostileText,
  fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<JsonValue>,
);
const edit = fc.record({
  at: fc.nat({ max: 10_000 }),
  // Most keep a value's kind, or hardly a body would be taken.
  kind: fc.constantFrom("alter", "alter", "alter", "alter", "replace", "remove", "add", "rename"),
  key: hostileText,
  value: hostileValue,
});
type Edit = typeof edit extends fc.Arbitrary<infer T> ? T : never;

/** Every object in a value, itself included. */
function findObjects(value: unknown): Record<string, unknown>[] {
  if (typeof value !== "object" || value === null) return [];
  const inner = Object.values(value).flatMap(findObjects);
  return Array.isArray(value) ? inner : [value as Record<string, unknown>, ...inner];
}

function applyEdit(body: Record<string, unknown>, { at, kind, key, value: drawn }: Edit): void {
  // Constants are drawn again and again: what the next edit does to one must not be in all of them, or in itself.
  const value = structuredClone(drawn);
  const places = findObjects(body).flatMap((object) => Object.keys(object).map((name) => ({ object, name })));
  const place = places[at % Math.max(places.length, 1)];
  if (place === undefined) return;
  const { object, name } = place;
  const old = object[name];
  if (kind === "alter" && typeof old === "string") object[name] = at % 2 === 0 ? old + key : key;
  if (kind === "alter" && typeof old === "number") object[name] = at;
  if (kind === "add") object[key] = value;
  if (kind === "replace") object[name] = value;
  if (kind === "rename") object[key] = old;
  if (kind === "remove" || kind === "rename") delete object[name];
}

const mutated = fc
  .tuple(fc.constantFrom(...Object.values(realRequests)), fc.array(edit, { minLength: 1, maxLength: 2 }))
  .map(([request, edits]) => {
    const body = structuredClone(request) as unknown as Record<string, unknown>;
    for (const one of edits) applyEdit(body, one);
    return stringifyJson(body);
  });
const broken = fc
  .tuple(mutated, fc.nat({ max: 2000 }), fc.string({ unit: "binary", maxLength: 4 }))
  .map(([text, at, put]) => {
    const middle = at % text.length;
    return text.slice(0, middle) + put + text.slice(middle + put.length);
  });
const anyBody = fc.oneof(
  { weight: 6, arbitrary: mutated },
  { weight: 2, arbitrary: broken },
  { weight: 1, arbitrary: fc.json({ maxDepth: 5 }) },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 100 }) },
);

test("5,000 bodies that nobody would send: never a 500, always a well-formed answer", async () => {
  const stage = await createStage({ parties });
  const statuses: Record<number, number> = {};
  let count = 0;
  const property = fc.asyncProperty(anyBody, async (body) => {
    const reply = await stage.put(body, { path: `/drivers/container/resource-${count++}` });
    statuses[reply.status] = (statuses[reply.status] ?? 0) + 1;
    const schema = reply.status === 202 ? AsyncProgressHint : DriverError;
    expect([202, 400]).toContain(reply.status);
    expect(check<typeof schema>(schema, reply.body)).toMatchObject({ ok: true });
    expect(reply.text).not.toContain(`"${canary}`);
  });
  await fc.assert(property, { numRuns: 5000 });
  // Of both there must be many, or the bodies are too wild or too tame to try anything.
  expect(statuses[202]).toBeGreaterThan(200);
  expect(statuses[400]).toBeGreaterThan(200);
}, 120_000);

test("any path and method: never a 500", async () => {
  const stage = await createStage({ parties });
  const method = fc.constantFrom("GET", "PUT", "DELETE", "POST", "HEAD", "OPTIONS", "PATCH");
  const segment = fc.oneof(fc.string({ unit: "binary", maxLength: 10 }).map(encodeURIComponentSafely), fc.webSegment());
  const property = fc.asyncProperty(method, segment, segment, async (method, one, two) => {
    for (const url of [`/drivers/container/${two}`, `/drivers/${one}/${two}`, `${path}/${one}`, `/${one}/${two}`])
      expect((await stage.app.request(url, { method })).status).toBeLessThan(500);
  });
  await fc.assert(property, { numRuns: 300 });
});

/** Lone surrogates have no percent encoding: they go as they are. */
function encodeURIComponentSafely(text: string): string {
  return text.isWellFormed() ? encodeURIComponent(text) : text;
}

test("any headers: never a 500", async () => {
  const stage = await createStage({ parties });
  const name = fc.constantFrom(
    "Prefer",
    "traceparent",
    "Content-Type",
    "X-Request-Id",
    "Accept",
    "Humanitec-Driver-Cookie",
  );
  // What a header may hold at all: the rest is refused before it comes to us.
  const value = fc.string({ unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)) });
  const property = fc.asyncProperty(fc.dictionary(name, value), async (headers) => {
    const body: JsonObject = buildBody();
    expect((await stage.put(body, { headers, path: "/drivers/container/any" })).status).toBe(202);
  });
  await fc.assert(property, { numRuns: 300 });
});
