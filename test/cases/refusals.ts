/** What isn't right is refused before anything runs: with the path, what was found and what is allowed. Never a 500. */
import { Agent } from "node:http";
import { connect } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import type { JsonObject } from "../../src/contract/json.ts";
import { limits } from "../../src/contract/limits.ts";
import { createGuresid, readBody, readMessage, readValues } from "../support/driver-client.ts";
import { sendRequest } from "../support/http.ts";
import { buildScriptRequest } from "../support/script-request.ts";
import { waitUntil } from "../support/wait-until.ts";
import type { GetStage } from "./stage.ts";

const good = buildScriptRequest("exit 0");
const { values } = good.driver;
const withValues = (changed: JsonObject, secrets: JsonObject = {}) => ({
  ...good,
  driver: { values: { ...values, ...changed }, secrets },
});
const withJob = (changed: JsonObject, secrets: JsonObject = {}) =>
  withValues({ job: { ...values.job, ...changed } }, secrets);
const { image: _, ...jobWithoutImage } = values.job;

const refused: [what: string, body: unknown, message: RegExp][] = [
  ["an image of the wrong type", withJob({ image: 5 }), /driver\.values\.job\.image is a number, must be a string/],
  ["no image", withValues({ job: jobWithoutImage }), /driver\.values\.job\.image is missing/],
  ["an unknown key", withValues({ imgae: "x" }), /driver\.values\.imgae is not known here; known: .*job/],
  ["an unknown key in job", withJob({ variable: {} }), /driver\.values\.job\.variable is not known here; known: image/],
  ["an unknown key at the top", { ...good, extra: 1 }, /extra is not known here; known: type, resource, driver/],
  ["an unknown secret", withValues({}, { password: "x" }), /driver\.secrets\.password is not known here/],
  [
    "a command that is text",
    withJob({ command: "sh -c true" }),
    /driver\.values\.job\.command is a string, must be a list/,
  ],
  ["an argument that is a number", withJob({ args: ["a", 5] }), /driver\.values\.job\.args\[1\] is a number/],
  [
    "a variable of the contract",
    withJob({ variables: { ACTION: "x" } }),
    /driver\.values\.job\.variables\.ACTION can't be set/,
  ],
  ["a variable's name", withJob({ variables: { "1a": "x" } }), /driver\.values\.job\.variables\["1a"\]/],
  ["a variable that isn't text", withJob({ variables: { A: true } }), /driver\.values\.job\.variables\.A is a boolean/],
  ["a file outside", withValues({ files: { "../x": "" } }), /driver\.values\.files\["\.\.\/x"\]/],
  [
    "a file at an absolute path",
    withValues({ files: { "/etc/x": "" } }),
    /driver\.values\.files\["\/etc\/x"\] must be relative/,
  ],
  ["a file in .git", withValues({ files: { ".git/config": "" } }), /driver\.values\.files\["\.git\/config"\]/],
  ["a file with NUL in its name", withValues({ files: { "a\0b": "" } }), /driver\.values\.files/],
  [
    "a file twice",
    withValues({ files: { a: "" } }, { files: { a: "" } }),
    /driver\.secrets\.files\["?a"?\] is in driver\.values\.files too/,
  ],
  [
    "too many files",
    withValues({ files: Object.fromEntries(Array.from({ length: 201 }, (_, i) => [`f${i}`, ""])) }),
    /201 files, the limit is 200/,
  ],
  [
    "a shared directory that is relative",
    withJob({ shared_directory: "work" }),
    /driver\.values\.job\.shared_directory must be an absolute path/,
  ],
  ["a timeout of none", withValues({ timeout: 0 }), /driver\.values\.timeout/],
  ["a timeout over the limit", withValues({ timeout: 86401 }), /driver\.values\.timeout.*86401.*86400/],
  ["a source by another transport", withValues({ source: { url: "ext::sh -c id" } }), /driver\.values\.source\.url/],
  ["a source on this machine", withValues({ source: { url: "file:///etc" } }), /driver\.values\.source\.url/],
  [
    "a source with credentials in it",
    withValues({ source: { url: "https://me:pass-word@example.com/a" } }),
    /driver\.values\.source\.url must not hold credentials/,
  ],
  [
    "a ref that is an option",
    withValues({ source: { url: "https://example.com/a", ref: "--upload-pack=id" } }),
    /driver\.values\.source\.ref/,
  ],
  [
    "a path that leaves the source",
    withValues({ source: { url: "https://example.com/a", path: "a/../../b" } }),
    /driver\.values\.source\.path/,
  ],
  [
    "a credential that the account lacks",
    withValues({ credentials_config: { environment: { A: "key" } } }, { account: { id: "x" } }),
    /credentials_config\.environment\.A/,
  ],
  ["a type that isn't one", { ...good, type: "Not A Type" }, /^Cannot .*type must be/],
  ["no type", { resource: {}, driver: good.driver }, /type is missing/],
  ["no resource", { type: "example", driver: good.driver }, /resource is missing/],
  ["a resource that is a list", { ...good, resource: [] }, /resource is a list/],
  ["no inputs", { type: "example", resource: {} }, /driver\.values\.job is missing/],
  ["a driver that is a list", { ...good, driver: [] }, /driver is a list/],
  ["a body that is a list", [], /the body is a list/],
  ["a body that is null", "null", /the body is null/],
  ["an empty body", "", /not JSON/],
  ["a body that isn't JSON", "{'a': 1}", /not JSON: unexpected character at position 1/],
  ["a body that is cut off", '{"type": "exam', /not JSON: it ends in the middle/],
  ["a byte order mark", `\uFEFF${JSON.stringify(good)}`, /byte order mark/],
  ["a __proto__", `{"type":"example","resource":{"__proto__":{"a":1}},"driver":null}`, /__proto__/],
  [
    "a body 100,000 levels deep",
    `{"type":"example","resource":{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}}`,
    /levels, the limit is/,
  ],
];

export function describeRefusals(getStage: GetStage): void {
  describe("a request is refused that has", () => {
    it.each(refused)("%s", async (_, body, message) => {
      const { driver } = getStage();
      const guresid = createGuresid();
      const answer = await driver.put(guresid, body);
      expect(readMessage(answer)).toMatch(message);
      expect({ status: answer.status, error: readBody(answer)["error"] }).toEqual({ status: 400, error: "RES-100" });
      expect((await driver.get(guresid)).status).toBe(404);
    });

    it("a body that isn't UTF-8", async () => {
      const { server } = getStage();
      const path = `/drivers/container/${createGuresid()}`;
      const body = Buffer.from(JSON.stringify({ ...good, resource: { text: "\u00ff" } }), "latin1");
      const answer = await sendRequest(server.url, { method: "PUT", path, body });
      expect({ status: answer.status, message: readMessage(answer) }).toEqual({
        status: 400,
        message: "Cannot read the request: not UTF-8",
      });
    });

    it("a body over the limit: 413 with limit and size, declared or not", async () => {
      const { server } = getStage();
      const text = "x".repeat(limits.requestBodyBytes);
      const body = JSON.stringify(withValues({ files: { a: text } }));
      const path = `/drivers/container/${createGuresid()}`;
      const declared = await sendRequest(server.url, { method: "PUT", path, body });
      expect(declared.status).toBe(413);
      expect(readMessage(declared)).toContain(
        `the limit is ${limits.requestBodyBytes} bytes, the body is ${body.length}`,
      );
      const streamed = await sendRequest(server.url, { method: "PUT", path, body: [body.slice(0, 9), body.slice(9)] });
      expect(streamed.status).toBe(413);
      expect(readMessage(streamed)).toBe(readMessage(declared));
    });

    it("a driver cookie of 10,240 bytes, but not one byte less", async () => {
      const { driver } = getStage();
      const call = (length: number) =>
        driver.provision(createGuresid(), good, { headers: { "Humanitec-Driver-Cookie": "c".repeat(length) } });
      const long = await call(10_240);
      expect(long.status).toBe(400);
      expect(readMessage(long)).toContain("10240 bytes, the limit is 10239 bytes");
      expect((await call(10_239)).status).toBe(200);
    });
  });

  describe("a path", () => {
    it.each([
      ["..", 400],
      [".", 400],
      ["%2e%2e", 400],
      ["../..", 404],
      ["a..b", 400],
      ["a.b", 400],
      ["..%2f..%2fetc", 400],
      ["a%00b", 400],
      ["%zz", 400],
      ["%ff%fe", 400],
      ["abc*", 400],
      ["abc%3E", 400],
      ["ab%20cd", 400],
      ["a", 400],
      ["ABC", 400],
      ["-abc", 400],
      ["abc-", 400],
      ["a".repeat(129), 400],
      ["f%C3%B6%C3%B6", 400],
      ["", 400],
      ["abc/def", 400],
      ["__proto__", 400],
      ["constructor", 202],
    ])("to the GUResID %j is answered with %j", async (guresid, status) => {
      const { server } = getStage();
      const path = `/drivers/container/${guresid}`;
      const answer = await sendRequest(server.url, { method: "PUT", path, body: JSON.stringify(good) });
      expect(answer.status).toBe(status);
      if (answer.status === 400) expect(readMessage(answer)).toMatch(/path/);
    });

    it("at the limit of a GUResID's length is a resource like any other", async () => {
      const { driver } = getStage();
      expect((await driver.provision(createGuresid().padEnd(128, "f"), good)).status).toBe(200);
    });

    it("to a driver that there is none of is 404 and names those there are", async () => {
      const { server } = getStage();
      for (const driver of ["nothing", "__proto__", "constructor"]) {
        const path = `/drivers/${driver}/${createGuresid()}`;
        const answer = await sendRequest(server.url, { method: "PUT", path, body: JSON.stringify(good) });
        expect(answer.status).toBe(404);
        expect(readMessage(answer)).toContain("container");
      }
    });

    it("to a resource knows PUT, DELETE and GET alone", async () => {
      const { server } = getStage();
      for (const method of ["POST", "PATCH"]) {
        const path = `/drivers/container/${createGuresid()}`;
        const answer = await sendRequest(server.url, { method, path, body: JSON.stringify(good) });
        expect(answer.status).toBe(405);
        expect(answer.headers["allow"]).toBe("PUT, DELETE, GET, HEAD");
      }
    });

    it("that leads nowhere is 404, and /alive, /health and the API's description are there", async () => {
      const { server } = getStage();
      const get = (path: string) => sendRequest(server.url, { method: "GET", path });
      expect((await get("/nothing")).status).toBe(404);
      expect(await get("/alive")).toMatchObject({ status: 200 });
      expect(readBody(await get("/health"))["version"]).toMatch(/^\d+\.\d+\.\d+/);
      expect(readBody(await get("/docs/spec.json"))["openapi"]).toMatch(/^3\./);
    });
  });

  describe("a connection", () => {
    it.each([
      ["a GUResID", "/drivers/container/A", 400],
      ["a driver", "/drivers/nothing/abc", 404],
      ["a path", "/nothing", 404],
      ["a large body", `/drivers/container/${createGuresid()}`, 413],
    ])("serves on after %s was refused before the body had come", async (_, path, status) => {
      const { server } = getStage();
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      onTestFinished(() => agent.destroy());
      const size = status === 413 ? 5_000_000 : 500_000;
      for (const body of [" ".repeat(size), Array.from({ length: 100 }, () => " ".repeat(size / 100))]) {
        const refusal = await sendRequest(server.url, { method: "PUT", path, body, agent });
        const next = await sendRequest(server.url, { method: "GET", path: "/alive", agent });
        expect([refusal.status, next.status]).toEqual([status, 200]);
      }
    });

    it("that is cut off in the middle of a body starts nothing, and is no error of ours", async () => {
      const { server, driver } = getStage();
      const { hostname, port } = new URL(server.url);
      const guresid = createGuresid();
      const head = `PUT /drivers/container/${guresid} HTTP/1.1\r\nHost: a\r\n`;
      for (const rest of ["Content-Length: 1000\r\n\r\n{", "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"]) {
        const socket = connect(Number(port), hostname).resume();
        await new Promise((done) => socket.write(head + rest, done));
        socket.resetAndDestroy();
        await waitUntil(
          "the server has seen it",
          () => server.ownLog().split(guresid).length > (rest.startsWith("C") ? 1 : 2),
        );
      }
      expect((await driver.get(guresid)).status).toBe(404);
    });
  });

  it("After all refusals the server serves as before, and has nothing to say of errors of its own", async () => {
    const { driver, server } = getStage();
    const request = buildScriptRequest(`echo '{"well": true}' > "$OUTPUTS_FILE"`);
    expect(readValues(await driver.provision(createGuresid(), request))).toEqual({ well: true });
    expect(server.ownLog()).not.toContain("failed unexpectedly");
  });
}
