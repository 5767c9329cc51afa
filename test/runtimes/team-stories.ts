/** What teams see of their runs, the same from every front door. */
import { expect } from "vitest";
import { isJsonObject, parseJson, type JsonObject } from "../../src/contract/json.ts";
import { createGuresid, readBody } from "../support/driver-client.ts";
import type { HttpAnswer } from "../support/http.ts";
import { buildScriptRequest } from "../support/script-request.ts";
import { readRunId } from "../support/story.ts";
import { awaitInShell } from "../support/witness.ts";
import { clusters } from "./lab.ts";
import type { Story } from "./suite.ts";

const sse = { Accept: "text/event-stream" };
const resource = (guresid: string) => `/drivers/container/${guresid}`;

function readLines({ text }: HttpAnswer): JsonObject[] {
  return text.split("\n").flatMap((line) => {
    const parsed = line === "" ? undefined : parseJson(line);
    return parsed?.ok === true && isJsonObject(parsed.value) ? [parsed.value] : [];
  });
}

const watching: Story = {
  title: "a team follows a run from its start to its end, and reads it afterwards",
  async play({ call, witness }) {
    const guresid = createGuresid();
    const script = `echo "one: ä🦊"; ${awaitInShell(`${witness.path}/${guresid}`)}; echo two; echo '{"a": 1}' > "$OUTPUTS_FILE"`;
    const runId = readRunId(await call("PUT", resource(guresid), { body: buildScriptRequest(script) }));
    const log = call("GET", `/runs/${runId}/logs?format=text&follow=true`);
    await witness.write(guresid);
    expect((await log).text).toBe("one: ä🦊\ntwo\n");
    expect((await log).headers["content-disposition"]).toContain(runId);
    const events = await call("GET", `/runs/${runId}/events`, { headers: sse });
    const types = [...events.text.matchAll(/"type":"(run\.\w+\.v1)"/g)].map(([, type]) => type);
    expect(types.at(0)).toBe("run.requested.v1");
    expect(types.at(-1)).toBe("run.succeeded.v1");
    expect(events.text).toMatch(/event: end\ndata: \{"status":"succeeded","complete":true\}\n\n$/);
    expect(events.text).not.toContain("sealed");
    expect(readLines(await call("GET", `/runs/${runId}/events`)).map(({ type }) => type)).toEqual(types);
    const details = readBody(await call("GET", `/runs/${runId}`));
    expect(details).toMatchObject({ id: runId, status: "succeeded", outputs: { values: ["a"], secrets: [] } });
    expect((await call("GET", `/runs/${runId}/logs?tail=1&format=text`)).text).toBe("two\n");
    const list = readBody(await call("GET", `/runs?guresid=${guresid}`));
    expect(list["runs"]).toMatchObject([{ id: runId, cluster: clusters.near, status: "succeeded" }]);
  },
};

const cancelling: Story = {
  title: "a run is cancelled, and its caller is told so",
  async play({ call, witness }) {
    const path = resource(createGuresid());
    const name = createGuresid();
    const script = `echo here > ${witness.path}/${name}; ${awaitInShell(`${witness.path}/never-${name}`)}`;
    const body = buildScriptRequest(script);
    const runId = readRunId(await call("PUT", path, { body }));
    await witness.await(name);
    expect((await call("POST", `/runs/${runId}/cancel`)).status).toBe(202);
    expect((await call("GET", `/runs/${runId}/events`, { headers: sse })).text).toContain("run.cancelled.v1");
    expect((await call("POST", `/runs/${runId}/cancel`)).status).toBe(409);
    expect((await call("PUT", path, { body, headers: { Prefer: "wait=25" } })).status).toBe(400);
  },
};

const refusals: Story = {
  title: "a team asks for what isn't there, or isn't for it",
  async play({ call }) {
    const unknown = "01jd0v8e3k7xw2m4n6p8q0r1s2";
    for (const path of ["", "/events", "/logs"])
      expect((await call("GET", `/runs/${unknown}${path}`)).status).toBe(404);
    expect((await call("POST", `/runs/${unknown}/cancel`)).status).toBe(404);
    expect((await call("DELETE", `/runs/${unknown}`)).status).toBe(405);
    expect((await call("GET", "/runs?limit=1000")).status).toBe(400);
    expect((await call("GET", "/events")).status).toBe(400);
    for (const path of ["/runs", "/events", "/clusters", `/runs/${unknown}`])
      expect((await call("GET", path, { token: false })).status).toBe(401);
    expect(readLines(await call("GET", "/events?since=2099-01-01T00:00:00Z"))).toEqual([]);
    const listed = readBody(await call("GET", "/clusters"))["clusters"];
    expect(listed).toMatchObject([
      { name: clusters.near, agents: [{ launcher: "local" }], waiting: false },
      { name: clusters.far, agents: [], waiting: true },
    ]);
  },
};

export const teamStories: readonly Story[] = [watching, cancelling, refusals];
