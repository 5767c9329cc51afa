/** The commands of docs/runs.md, run as they are printed, against a server whose last run has ended. */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { createGuresid } from "../support/driver-client.ts";
import { sendRequest } from "../support/http.ts";
import { buildScriptRequest } from "../support/script-request.ts";
import { startStandaloneProcess } from "../support/standalone-process.ts";
import { readRunId } from "../support/story.ts";

test("the commands of docs/runs.md answer as it says", { timeout: 60_000 }, async () => {
  const text = await readFile(join(import.meta.dirname, "../../docs/runs.md"), "utf8");
  const blocks = [...text.matchAll(/```sh\n([^]*?)\n```/g)].map(([, block = ""]) => block);
  expect(blocks.length).toBeGreaterThan(7);
  const server = await startStandaloneProcess();
  try {
    const body = JSON.stringify(buildScriptRequest("echo one; echo two >&2; exit 3"));
    const path = `/drivers/container/${createGuresid()}`;
    const answer = await sendRequest(server.url, { method: "PUT", path, body, headers: { Prefer: "wait=25" } });
    expect(answer.status).toBe(400);
    const runId = readRunId(answer);
    const commands = blocks.join("\n").replace("http://127.0.0.1:8787", server.url);
    const marked = commands.replaceAll(/^(curl .*)$/gm, "echo; echo '###'; $1");
    const { stdout } = await promisify(execFile)("sh", ["-euc", marked], { timeout: 40_000 });
    const outputs = stdout.split("###\n").slice(1);
    const [list, failed, run, log, tail, chunks, sse, events, live, all, cancel, clusters] = outputs;
    for (const runs of [list, failed, run]) expect(runs).toContain(`"id":"${runId}","status":"failed"`);
    for (const lines of [log, tail]) expect(lines?.trim().split("\n").sort()).toEqual(["one", "two"]);
    for (const chunk of [chunks, sse]) expect(chunk).toContain('"end":true');
    for (const told of [events, live, all]) expect(told).toContain("run.failed.v1");
    for (const stream of [sse, live]) expect(stream).toContain("event: end");
    expect(cancel).toContain("RES-110");
    expect(clusters).toContain('"waiting":false');
    expect(outputs).toHaveLength(12);
  } finally {
    await server.stop();
  }
});
