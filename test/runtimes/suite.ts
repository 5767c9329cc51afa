/** What every front door answers, whichever runtime it is on: stories of requests, each with what must come of them. */
import { expect } from "vitest";
import { limits } from "../../src/contract/limits.ts";
import { stringifyJson } from "../../src/contract/json.ts";
import { createGuresid, readBody, readMessage, readSecrets, readValues } from "../support/driver-client.ts";
import type { HttpAnswer } from "../support/http.ts";
import { buildScriptRequest } from "../support/script-request.ts";
import { awaitInShell, type Witness } from "../support/witness.ts";
import type { Caller } from "./caller.ts";
import { clusters } from "./lab.ts";

export interface Scene {
  readonly call: Caller;
  /** What `call` says who it is by. */
  readonly token: string;
  readonly witness: Witness;
}

export interface Story {
  readonly title: string;
  play(scene: Scene): Promise<void>;
}

const resource = (guresid: string) => `/drivers/container/${guresid}`;
const held = { Prefer: "wait=25" };
const statuses = (answers: readonly HttpAnswer[]) => answers.map(({ status }) => status);
const good = buildScriptRequest("exit 0");

/** A container that reports once it runs, and goes on only when it may. */
function buildHeldRequest({ path }: Witness, name: string, rest = "") {
  return buildScriptRequest(`echo here > ${path}/${name}; ${awaitInShell(`${path}/${name}-may-leave`)}\n${rest}`);
}

const life: Story = {
  title: "a resource is created, asked for, updated, and destroyed",
  async play({ call, witness }) {
    const path = resource(createGuresid());
    const name = createGuresid();
    const first = buildHeldRequest(
      witness,
      name,
      `echo '{"host": "db-1", "port": 5432}' > "$OUTPUTS_FILE"; echo '{"password": "p-4711"}' > "$SECRET_OUTPUTS_FILE"
       echo '[{"location": "namespace", "data": {"kind": "ConfigMap"}}]' > "$MANIFESTS_FILE"`,
    );
    expect((await call("GET", path)).status).toBe(404);
    const placed = await call("PUT", path, { body: first });
    expect(placed.status).toBe(202);
    expect(placed.headers["retry-after"]).toBe("1");
    expect(readBody(placed)["status"]).toBe("creating");
    await witness.await(name);
    expect(statuses([await call("PUT", path, { body: first }), await call("GET", path)])).toEqual([202, 202]);
    await witness.write(`${name}-may-leave`);
    const created = await call("PUT", path, { body: first, headers: held });
    expect(readValues(created)).toEqual({ host: "db-1", port: 5432 });
    expect(readSecrets(created)).toEqual({ password: "p-4711" });
    expect(readBody(created)["manifests"]).toEqual([{ location: "namespace", data: { kind: "ConfigMap" } }]);
    for (const method of ["PUT", "GET"])
      expect((await call(method, path, method === "PUT" ? { body: first } : {})).text).toBe(created.text);
    const second = { ...buildScriptRequest(`echo '{"port": 5433}' > "$OUTPUTS_FILE"`), resource: { size: 2 } };
    const updating = await call("PUT", path, { body: second });
    expect([updating.status, readBody(updating)["status"]]).toEqual([202, "updating"]);
    expect(readValues(await call("PUT", path, { body: second, headers: held }))).toEqual({ port: 5433 });
    const deleting = await call("DELETE", path);
    expect([deleting.status, readBody(deleting)["status"]]).toEqual([202, "deleting"]);
    const gone = await call("DELETE", path, { headers: held });
    expect([gone.status, gone.text]).toEqual([204, ""]);
    expect(statuses([await call("DELETE", path), await call("GET", path)])).toEqual([204, 404]);
  },
};

const trace: Story = {
  title: "a caller's trace goes on in its container, where nobody records",
  async play({ call }) {
    const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const tracestate = "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE";
    const tell = `printf '["%s", "%s"]' "\${TRACEPARENT-}" "\${TRACESTATE-}" > told; echo "{\\"told\\": $(cat told)}" > "$OUTPUTS_FILE"`;
    const run = async (headers: Record<string, string>) =>
      readValues(
        await call("PUT", resource(createGuresid()), {
          body: buildScriptRequest(tell),
          headers: { ...held, ...headers },
        }),
      );
    expect(await run({ traceparent, tracestate })).toEqual({ told: [traceparent, tracestate] });
    expect(await run({ traceparent: `${traceparent}-`, tracestate })).toEqual({ told: ["", ""] });
  },
};

const conflicts: Story = {
  title: "what isn't asked for again while something is under way is refused",
  async play({ call, witness }) {
    const path = resource(createGuresid());
    const name = createGuresid();
    const request = buildHeldRequest(witness, name);
    expect((await call("PUT", path, { body: request })).status).toBe(202);
    await witness.await(name);
    const other = { ...request, resource: { other: true } };
    const answers = [
      await call("PUT", path, { body: other }),
      await call("DELETE", path),
      await call("PUT", path, { body: request }),
      // Held for a second, and still under way.
      await call("PUT", path, { body: request, headers: { Prefer: "wait=1" } }),
    ];
    expect(statuses(answers)).toEqual([409, 409, 202, 202]);
    await witness.write(`${name}-may-leave`);
    expect((await call("PUT", path, { body: request, headers: held })).status).toBe(200);
  },
};

const failure: Story = {
  title: "a failure is told with the container's own words, then tried again",
  async play({ call, witness }) {
    const path = resource(createGuresid());
    const runs = createGuresid();
    const request = buildScriptRequest(
      `echo run >> ${witness.path}/${runs}; echo "no such region: 🦊" > "$ERROR_FILE"; echo last line; exit 3`,
      { values: { append_logs_to_error: true } },
    );
    const failed = await call("PUT", path, { body: request, headers: held });
    expect(failed.status).toBe(400);
    expect(readBody(failed)["error"]).toBe("RES-101");
    expect(readMessage(failed)).toMatch(/^no such region: 🦊[^]*last line/);
    expect((await call("GET", path)).status).toBe(400);
    expect((await call("PUT", path, { body: request, headers: held })).status).toBe(400);
    expect(await witness.read(runs)).toBe("run\nrun\n");
  },
};

const digits: Story = {
  title: "outputs come back digit for digit and letter for letter",
  async play({ call }) {
    const path = resource(createGuresid());
    const values = `{"big":9007199254740993,"fine":0.1000000000000000055511151231257827,"far":1e400,"minus":-0,"text":"\\u0000\\u2028🦊ä","deep":[[{"":null}]]}`;
    const request = buildScriptRequest(`cat > "$OUTPUTS_FILE" <<'END'\n${values}\nEND`, { resource: { n: "ä" } });
    const created = await call("PUT", path, { body: request, headers: held });
    expect(created.status).toBe(200);
    for (const number of ["9007199254740993", "0.1000000000000000055511151231257827", "1e400", "-0"])
      expect(created.text).toContain(`:${number}`);
    expect(readValues(created)["text"]).toBe("\0\u2028🦊ä");
  },
};

const sizes: Story = {
  title: "the largest request and the largest outputs pass, a byte more doesn't",
  async play({ call }) {
    const guresid = createGuresid();
    const script = `{ printf '{"a":"'; head -c 614400 /dev/zero | tr '\\0' x; printf '"}'; } > "$OUTPUTS_FILE"`;
    const empty = stringifyJson(buildScriptRequest(script, { files: { "filler.txt": "" } }));
    const filler = "y".repeat(limits.requestBodyBytes - empty.length);
    const largest = stringifyJson(buildScriptRequest(script, { files: { "filler.txt": filler } }));
    expect(largest).toHaveLength(limits.requestBodyBytes);
    const created = await call("PUT", resource(guresid), { body: largest, headers: held });
    expect(created.status).toBe(200);
    // Not shown whole when they differ.
    expect(readValues(created)["a"] === "x".repeat(614_400)).toBe(true);
    const declared = await call("PUT", resource(guresid), { body: `${largest} ` });
    expect([declared.status, readMessage(declared)]).toEqual([
      413,
      `Cannot take the request: the limit is ${limits.requestBodyBytes} bytes, the body is ${limits.requestBodyBytes + 1}`,
    ]);
    const chunked = await call("PUT", resource(guresid), { body: [largest, " "] });
    expect([chunked.status, readBody(chunked)["error"]]).toEqual([413, "RES-105"]);
    const inChunks = await call("PUT", resource(guresid), { body: [largest.slice(0, 9), largest.slice(9)] });
    expect(inChunks.status).toBe(200);
  },
};

const routing: Story = {
  title: "a request goes to the cluster that it names, or is told which there are",
  async play({ call }) {
    const put = (cluster: unknown) => {
      const { values, ...rest } = good.driver;
      const driver = { ...rest, values: { ...values, cluster } };
      return call("PUT", resource(createGuresid()), { body: { ...good, driver }, headers: { Prefer: "wait=10" } });
    };
    expect((await put("a-cluster-by-another-name")).status).toBe(200);
    expect((await put({ account: "x", cluster: { name: clusters.near } })).status).toBe(200);
    const unknown = await put("nowhere");
    expect([unknown.status, readBody(unknown)["error"]]).toEqual([400, "RES-107"]);
    for (const name of Object.values(clusters)) expect(readMessage(unknown)).toContain(name);
  },
};

const absent: Story = {
  title: "a cluster whose agents are away takes requests all the same",
  async play({ call }) {
    const driver = { ...good.driver, values: { ...good.driver.values, cluster: clusters.far } };
    const path = resource(createGuresid());
    expect((await call("PUT", path, { body: { ...good, driver } })).status).toBe(202);
    expect(statuses([await call("PUT", path, { body: good }), await call("DELETE", path)])).toEqual([409, 409]);
  },
};

const withValues = (changed: object) => ({
  ...good,
  driver: { ...good.driver, values: { ...good.driver.values, ...changed } },
});

/** Each with the part of the message that says what is wrong. */
const wrong: [body: unknown, message: string][] = [
  ["", "not JSON"],
  ["{'a': 1}", "unexpected character at position 1"],
  ['{"type": "exam', "it ends in the middle"],
  ["\uFEFF{}", "byte order mark"],
  [`{"type":"a","resource":${"[".repeat(100_000)}${"]".repeat(100_000)}}`, "the limit is"],
  ["null", "the body is null"],
  [[], "the body is a list"],
  [{}, "type is missing"],
  [{ ...good, type: "Not A Type" }, "type must be"],
  [{ ...good, surplus: 1 }, "surplus is not known here"],
  [
    { ...good, driver: { ...good.driver, secrets: { passwort: "hidden-word" } } },
    "driver.secrets.passwort is not known",
  ],
  [withValues({ job: { image: 5 } }), "driver.values.job.image is a number"],
  [withValues({ job: undefined }), "driver.values.job is missing"],
  [withValues({ timeout: 86_401 }), "86400"],
  [withValues({ files: { "../a": "" } }), 'driver.values.files["../a"]'],
  [withValues({ source: { url: "https://me:hidden-word@example.com/a" } }), "must not hold credentials"],
];

const validation: Story = {
  title: "a body that isn't right is refused with the path and what is allowed",
  async play({ call }) {
    for (const [body, message] of wrong) {
      const answer = await call("PUT", resource(createGuresid()), { body });
      expect([message, answer.status, readBody(answer)["error"]]).toEqual([message, 400, "RES-100"]);
      expect(readMessage(answer)).toContain(message);
      expect(answer.text).not.toContain("hidden-word");
    }
    const cookie = (length: number) => ({ body: "", headers: { "Humanitec-Driver-Cookie": "c".repeat(length) } });
    expect(readMessage(await call("PUT", resource(createGuresid()), cookie(10_240)))).toContain("10239 bytes");
    expect(readMessage(await call("PUT", resource(createGuresid()), cookie(10_239)))).toContain("not JSON");
  },
};

const paths: Story = {
  title: "paths lead to resources, or nowhere",
  async play({ call }) {
    const put = (path: string) => call("PUT", path, { body: good });
    for (const guresid of [
      "",
      "a",
      "ABC",
      "-abc",
      "abc-",
      "a..b",
      "a%00b",
      "%zz",
      "%ff",
      "a%2fb",
      "a".repeat(129),
      "f%C3%B6o",
    ]) {
      const answer = await put(resource(guresid));
      expect([guresid, answer.status]).toEqual([guresid, 400]);
      expect(readMessage(answer)).toMatch(/GUResID/i);
    }
    // What the URL standard makes of these must be the same everywhere.
    const odd = `.. %2e%2e ../nothing/abc ./abc/../A abc/def a|b a{b} 'a' a"b a;b a%5Cb a%25b`.split(" ");
    for (const path of [...odd.map(resource), "/drivers//abc", "/drivers/nothing/abc", "//drivers/container/A", "/"])
      expect([400, 404]).toContain((await put(path)).status);
    for (const method of ["POST", "PATCH", "OPTIONS"]) {
      const answer = await call(method, resource("abc"));
      expect([method, answer.status, answer.headers["allow"]]).toEqual([method, 405, "PUT, DELETE, GET, HEAD"]);
    }
    expect((await call("HEAD", resource(createGuresid()))).status).toBe(404);
    expect((await call("GET", `${resource(createGuresid())}?a=b&c`)).status).toBe(404);
  },
};

const documents: Story = {
  title: "anybody may ask how it is, and for the API's description",
  async play({ call }) {
    const get = (path: string) => call("GET", path, { token: false });
    expect(await get("/alive")).toMatchObject({ status: 200, text: "alive" });
    expect(readBody(await get("/health"))).toEqual({ status: "ok", version: expect.stringMatching(/^\d+\.\d+\.\d+/) });
    expect(readBody(await get("/docs/spec.json"))["openapi"]).toMatch(/^3\./);
    expect((await get("/docs/drivers/container/inputs.json")).status).toBe(200);
    expect((await get("/docs/nothing")).status).toBe(404);
    expect((await call("HEAD", "/alive", { token: false })).status).toBe(200);
  },
};

const callers: Story = {
  title: "nobody is let in without a token, whatever is asked",
  async play({ call }) {
    for (const method of ["PUT", "GET", "DELETE", "POST"]) {
      const body = method === "PUT" ? { body: good } : {};
      const answer = await call(method, resource("abc"), { ...body, token: false });
      expect([answer.status, answer.headers["www-authenticate"]]).toEqual([401, "Bearer"]);
      expect(readBody(answer)["error"]).toBe("RES-103");
    }
    const large = await call("PUT", resource("abc"), { body: "x".repeat(limits.requestBodyBytes + 1), token: false });
    expect(large.status).toBe(401);
    for (const Authorization of ["Basic YTpi", "Bearer", "Bearer nonsense"])
      expect((await call("GET", resource("abc"), { headers: { Authorization }, token: false })).status).toBe(401);
    expect((await call("GET", "/drivers/nothing/abc", { token: false })).status).toBe(401);
  },
};

/** Of the driver API; what teams see has stories of its own. */
export const driverStories: readonly Story[] = [
  documents,
  callers,
  validation,
  paths,
  life,
  trace,
  conflicts,
  failure,
  digits,
  sizes,
  routing,
  absent,
];
