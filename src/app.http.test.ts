/** The front door as HTTP has it: paths, methods, headers, sizes, and texts of refusals. */
import type { MiddlewareHandler } from "hono";
import { describe, expect, test } from "vitest";
import { buildBody, createStage, guresid, path, type Reply } from "./app.fixture.ts";
import { cookieHeader } from "./contract/driver-api/headers.ts";
import { errorCodes, type ErrorCode } from "./contract/errors.ts";
import { stringifyJson } from "./contract/json.ts";
import { limits } from "./contract/limits.ts";
import { createParties } from "./sealing/sealing.fixture.ts";

const parties = await createParties();

/** Status, code and message of an error; fails when the answer isn't one, or its status isn't the code's. */
function describeError({ status, body, headers }: Reply): string {
  const { error, message } = body as { error: ErrorCode; message: string };
  expect(headers.get("Content-Type")).toMatch(/^application\/json/);
  expect(errorCodes[error].status).toBe(status);
  return `${error} ${message}`;
}

describe("paths", () => {
  test("say that the process lives, how it is, and what it speaks", async () => {
    const { app } = await createStage({ parties });
    const alive = await app.request("/alive");
    expect([alive.status, await alive.text()]).toEqual([200, "alive"]);
    const health = await app.request("/health");
    expect([health.status, await health.json()]).toEqual([200, { status: "ok", version: "1.2.3" }]);
    const spec = await app.request("/docs/spec.json");
    expect([spec.status, await spec.json()]).toMatchObject([200, { info: { version: "1.2.3" } }]);
  });

  test.for(["/", "/nothing", "/docs", "/alive/x", "/driver/container/abc", "/drivers/container/../../x"])(
    "%s leads nowhere",
    async (path) => {
      const stage = await createStage({ parties });
      for (const method of ["GET", "PUT", "DELETE"] as const) {
        const reply = await stage.ask({ method, path });
        expect(describeError(reply)).toBe("RES-106 There is nothing at this path: see /docs/spec.json");
      }
    },
  );

  test.for(["nothing", "Container", "constructor", "__proto__", "%2e"])("there is no driver %s", async (driver) => {
    const stage = await createStage({ parties });
    for (const method of ["GET", "PUT", "DELETE"] as const) {
      const reply = await stage.ask({ method, path: `/drivers/${driver}/${guresid}` });
      if (driver === "%2e") expect(reply.status).toBe(400);
      else expect(describeError(reply)).toBe("RES-106 There is no such driver; known: container");
    }
  });

  const dots = ["", ".", "..", "%2e", "%2e%2e", "%2E%2e", "../abc", "abc/", "abc/def", "abc/../..", "//"];
  const escapes = ["%00", "abc%00", "abc%0a", "%ff", "%", "%zz", "a%2Fb", "a%2f..%2fb", "%e2%80%8babc", "a%5cb"];
  const names = ["ab", "ABC", "a_b", "a.b", "a..b", "-abc", "abc-", "äbc", "abc def", "a*c", "a;c", "a,c", "%2Babc"];
  test.for([...dots, ...escapes, ...names, "a".repeat(129), "a".repeat(10_000)])(
    "the GUResID %s is refused",
    async (text) => {
      const stage = await createStage({ parties });
      for (const method of ["GET", "PUT", "DELETE"] as const) {
        const reply = await stage.ask({
          method,
          path: `/drivers/container/${text}`,
          ...(method === "PUT" && { body: {} }),
        });
        expect(describeError(reply)).toMatch(
          /^RES-100 Cannot read the (GUResID in the path: it (must be three or more|is \d+ characters, the limit is 128)|path)/,
        );
      }
    },
  );

  test("a query changes nothing", async () => {
    const stage = await createStage({ parties });
    const { runId } = await stage.put();
    const reply = await stage.put(undefined, { path: `${path}?wait=5&x=..` });
    expect([reply.status, reply.runId]).toEqual([202, runId]);
  });
});

describe("methods", () => {
  test.for(["POST", "PATCH", "OPTIONS", "PROPFIND"])("%s is not known on a resource", async (method) => {
    const { app } = await createStage({ parties });
    const response = await app.request(path, { method });
    expect([response.status, response.headers.get("Allow")]).toEqual([405, "PUT, DELETE, GET, HEAD"]);
    expect(await response.json()).toEqual({
      error: "RES-108",
      message: `Cannot ${method} a resource: PUT, DELETE and GET are known here`,
    });
  });

  test("HEAD is a GET without a body", async () => {
    const stage = await createStage({ parties });
    await stage.put();
    const response = await stage.app.request(path, { method: "HEAD" });
    expect([response.status, await response.text()]).toEqual([202, ""]);
  });
});

describe("bodies", () => {
  const limit = limits.requestBodyBytes;
  const padded = (size: number) => {
    const bare = stringifyJson(buildBody({ text: "" }));
    return stringifyJson(buildBody({ text: "x".repeat(size - bare.length) }));
  };

  test("may be as large as the limit", async () => {
    const stage = await createStage({ parties });
    expect(padded(limit)).toHaveLength(limit);
    expect((await stage.put(padded(limit))).status).toBe(202);
  });

  test("may not be larger, with both figures where the length was declared", async () => {
    const stage = await createStage({ parties });
    const text = padded(limit + 1);
    const reply = await stage.put(text, { headers: { "Content-Length": String(text.length) } });
    expect(describeError(reply)).toBe("RES-105 Cannot take the request: the limit is 524288 bytes, the body is 524289");
  });

  test.for([undefined, "chunked"])("are cut off at the limit when they come in pieces", async (encoding) => {
    const { app } = await createStage({ parties });
    let pulled = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled += 65_536;
        controller.enqueue(new Uint8Array(65_536).fill(0x20));
      },
    });
    const headers = encoding === undefined ? {} : { "Transfer-Encoding": encoding, "Content-Length": "5" };
    const response = await app.request(path, { method: "PUT", body: endless, headers, duplex: "half" });
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ message: expect.stringContaining("the limit is 524288 bytes") });
    // Some more is read from who still writes, so that the answer is heard; then no more.
    expect(pulled).toBeLessThan(16 * 1024 * 1024);
  });

  test.for(["5", "abc", "-1"])("are measured even if %s bytes are declared", async (length) => {
    const stage = await createStage({ parties });
    const reply = await stage.put(padded(limit + 1), { headers: { "Content-Length": length } });
    expect(reply.status).toBe(413);
  });

  test("may come in pieces", async () => {
    const { app } = await createStage({ parties });
    const bytes = new TextEncoder().encode(stringifyJson(buildBody({ text: "ü😀".repeat(1000) })));
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let at = 0; at < bytes.length; at += 7) controller.enqueue(bytes.slice(at, at + 7));
        controller.close();
      },
    });
    const response = await app.request(path, { method: "PUT", body, duplex: "half" });
    expect(response.status).toBe(202);
  });

  test.for(["gzip", "br, gzip", "x".repeat(100)])("packed as %s are refused as what they are", async (encoding) => {
    const stage = await createStage({ parties });
    const reply = await stage.put(padded(100), { headers: { "Content-Encoding": encoding } });
    const found = JSON.stringify(encoding.slice(0, 40));
    expect(describeError(reply)).toBe(
      `RES-100 Cannot read the request: Content-Encoding is ${found}, send it as it is`,
    );
  });

  test("may say that they are not packed", async () => {
    const stage = await createStage({ parties });
    expect((await stage.put(padded(1000), { headers: { "Content-Encoding": "Identity" } })).status).toBe(202);
  });

  test("that break off are the caller's affair", async () => {
    const { app } = await createStage({ parties });
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('{"type":'));
        controller.error(new Error("connection reset"));
      },
    });
    const response = await app.request(path, { method: "PUT", body, duplex: "half" });
    expect([response.status, await response.json()]).toEqual([
      400,
      { error: "RES-100", message: "Cannot read the request: the body was cut off" },
    ]);
  });

  test.for<[string | Uint8Array<ArrayBuffer>, string]>([
    ["", "not JSON: it is empty"],
    ["nonsense", "not JSON: it can't be read"],
    ["{", "not JSON: it ends in the middle of a value"],
    ["\uFEFF{}", "not JSON: it begins with a byte order mark"],
    [new Uint8Array([0x7b, 0xff]), "not UTF-8"],
    [new Uint8Array([0xff, 0xfe, 0x7b, 0x00]), "not UTF-8"],
    ["null", "the body is null, must be an object"],
    ["[{}]", "the body is a list, must be an object"],
    ['{"__proto__":{}}', 'it has the key "__proto__", which is not allowed'],
    [`{"type":"s3","resource":${"[".repeat(100_000)}`, "nested too deep: it is 100001 levels, the limit is 100 levels"],
    ["{}", "type is missing; resource is missing"],
    ['{"type":"s3","resource":{},"id":"x"}', "id is not known here; known: type, resource, driver"],
  ])("such as %s are refused: %s", async ([body, problem]) => {
    const { app } = await createStage({ parties });
    const response = await app.request(path, { method: "PUT", body });
    expect([response.status, await response.json()]).toEqual([
      400,
      { error: "RES-100", message: `Cannot read the request: ${problem}` },
    ]);
  });

  test("whose values are refused are told where, what was found, and what is allowed", async () => {
    const stage = await createStage({ parties });
    const reply = await stage.put(buildBody({}, { job: { image: 5, comand: [] } }));
    expect(describeError(reply)).toBe(
      "RES-100 Cannot start a run: driver.values.job.image is a number, must be a string; driver.values.job.comand is not known here; known: image, command, args, shared_directory, namespace, service_account, variables, pod_template",
    );
  });

  test("of a DELETE or GET are not looked at", async () => {
    const stage = await createStage({ parties });
    expect((await stage.delete({ body: "nonsense" })).status).toBe(204);
  });
});

describe("headers", () => {
  test("a driver cookie is taken up to its limit, and never set", async () => {
    const stage = await createStage({ parties });
    const taken = await stage.put(undefined, { cookie: "x".repeat(10_239) });
    expect([taken.status, taken.headers.get(`Set-${cookieHeader}`)]).toEqual([202, null]);
    for (const method of ["PUT", "GET", "DELETE"] as const) {
      const reply = await stage.ask({ method, cookie: "canary".repeat(2000), ...(method === "PUT" && { body: {} }) });
      expect(describeError(reply)).toBe(
        "RES-100 Cannot take the driver cookie: header Humanitec-Driver-Cookie is 12000 bytes, the limit is 10239 bytes",
      );
    }
  });

  test("a sound traceparent goes along to the agent, another one doesn't", async () => {
    const sound = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;
    for (const [traceparent, passed] of [
      [sound, sound],
      // A version to come, which may say more.
      [`01${sound.slice(2)}-more`, sound],
      ["00-x-y-01", undefined],
      [`00-${"0".repeat(32)}-${"b".repeat(16)}-01`, undefined],
      [`${sound}-more`, undefined],
      [sound.toUpperCase(), undefined],
    ] as const) {
      const stage = await createStage({ parties });
      await stage.put(undefined, { headers: { traceparent } });
      expect((await stage.takeRun()).run.order.traceparent).toBe(passed);
    }
  });

  test("a request id is kept if it is harmless, and replaced if not", async () => {
    const stage = await createStage({ parties });
    const id = async (text: string) =>
      (await stage.get({ headers: { "X-Request-Id": text } })).headers.get("X-Request-Id");
    expect(await id("orchestrator-42_=")).toBe("orchestrator-42_=");
    for (const text of ['x","level":"error', "x\ty", "<script>", "x".repeat(256), "ü"])
      expect(await id(text)).toMatch(/^[0-9a-f-]{36}$/);
  });

  test.for(["wait", "wait=", "wait=-1", "wait=NaN", ",;=,", "wait=1e9", '"', "x".repeat(8000)])(
    "the preference %s is none",
    async (prefer) => {
      const stage = await createStage({ parties });
      expect((await stage.put(undefined, { prefer })).status).toBe(202);
    },
  );

  test("the body is JSON whatever its declared type is", async () => {
    const stage = await createStage({ parties });
    const reply = await stage.put(undefined, { headers: { "Content-Type": "text/plain; charset=utf-16" } });
    expect(reply.status).toBe(202);
  });
});

test("resources are behind the authentication, the rest is open", async () => {
  const authenticate: MiddlewareHandler = async (c) => c.text("who are you?", 401);
  const stage = await createStage({ parties, authenticate });
  for (const method of ["GET", "PUT", "DELETE"] as const) {
    expect((await stage.ask({ method })).status).toBe(401);
    expect((await stage.ask({ method, path: "/drivers/nothing/.." })).status).toBe(401);
    expect((await stage.ask({ method, path: "/drivers" })).status).toBe(401);
  }
  for (const open of ["/alive", "/health", "/docs/spec.json", "/docs/drivers/container/inputs.json"])
    expect((await stage.app.request(open)).status).toBe(200);
});

test("each request is one line in the log, without headers, body or query", async () => {
  const stage = await createStage({ parties });
  const { runId } = await stage.put(buildBody({ canary: "canary" }), {
    path: `${path}?token=canary`,
    cookie: "canary",
    headers: { Authorization: "Bearer canary", "X-Request-Id": "r1" },
  });
  await stage.get({ path: "/drivers/container/.canary" });
  expect(stage.logged.map((line) => JSON.parse(line) as object)).toEqual([
    expect.objectContaining({
      level: "info",
      msg: "Answered a request",
      component: "http",
      requestId: "r1",
      method: "PUT",
      path,
      status: 202,
      runId,
      milliseconds: 0,
    }),
    expect.objectContaining({ method: "GET", status: 400 }),
  ]);
  expect(stage.logged[0]).not.toContain("canary");
});
