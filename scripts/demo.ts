/**
 * `npm run demo`: the whole product in one process and half a minute. Starts front door and agent, sends a real driver
 * request over HTTP, shows the run live, prints the answer, destroys the resource again.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { styleText } from "node:util";
import { createLogger } from "../adapters/node/logger.ts";
import { readStandaloneConfig } from "../adapters/standalone/config.ts";
import { startStandalone, type Standalone } from "../adapters/standalone/standalone.ts";
import { check, decodeMessage } from "../src/contract/decode.ts";
import { OutputData } from "../src/contract/driver-api/answers.ts";
import { runHeader } from "../src/contract/driver-api/headers.ts";
import { isTerminal, RunEvent } from "../src/contract/events.ts";
import { parseJson, stringifyJson } from "../src/contract/json.ts";
import { decodeLogChunk } from "../src/contract/log-chunk.ts";

const script = `
set -eu
case "$ACTION" in
  create)
    echo "Looking at what is wanted: $(cat "$RESOURCE_INPUTS_FILE")"
    for step in "a network" "a disk" "a database server"; do echo "Making $step ..."; sleep 0.4; done
    echo "Signing in as admin with $ADMIN_PASSWORD"
    printf '{"host": "db-1.internal", "port": 5432, "name": "shop"}' > "$OUTPUTS_FILE"
    printf '{"password": "%s-derived"}' "$ADMIN_PASSWORD" > "$SECRET_OUTPUTS_FILE"
    echo "Done" ;;
  destroy)
    for step in "the database server" "the disk" "the network"; do echo "Removing $step ..."; sleep 0.3; done ;;
esac
`;

const request = {
  type: "postgres",
  resource: { size: "small", version: 17 },
  driver: {
    values: {
      job: { image: "example.com/our-postgres:1", command: ["/bin/sh"], args: ["/home/runneruser/workspace/run.sh"] },
      files: { "run.sh": script },
    },
    secrets: { job: { variables: { ADMIN_PASSWORD: "correct-horse-battery" } } },
  },
};

const out = process.stdout;
const bold = (text: string) => styleText("bold", text, { stream: out });
const dim = (text: string) => styleText("dim", text, { stream: out });
const green = (text: string) => styleText("green", text, { stream: out });

function say(line = ""): void {
  out.write(`${line}\n`);
}

/** Prints a run's phases and its log as they come, until it has ended. */
async function showRun(bus: Standalone["bus"], address: { cluster: string; runId: string }): Promise<void> {
  const ended = new AbortController();
  const showLog = async () => {
    for await (const { data } of bus.logs.follow(address, { after: 0, signal: ended.signal })) {
      const chunk = decodeLogChunk(data);
      if (!chunk.ok) throw new Error(chunk.problem);
      for (const line of new TextDecoder().decode(chunk.value.text).split("\n").filter(Boolean))
        say(`     ${dim("│")} ${line}`);
      if (chunk.value.header.end === true) return;
    }
  };
  const log = showLog();
  for await (const { data } of bus.events.follow(address, { after: 0, signal: ended.signal })) {
    const event = decodeMessage(RunEvent, data);
    if (!event.ok) throw new Error(event.problem);
    const { phase, warning } = event.value.data;
    say(`   ${warning === undefined ? green("●") : "!"} ${warning ?? phase}`);
    if (isTerminal(phase)) break;
  }
  await log;
  ended.abort();
}

/** Sends a request as the orchestrator does: repeats it until it isn't 202 any more. */
async function send(
  server: Standalone,
  { method, path, body }: { method: string; path: string; body?: string },
): Promise<Response> {
  const shown = new Set<string>();
  for (;;) {
    const init = body === undefined ? { method } : { method, body, headers: { "Content-Type": "application/json" } };
    const response = await fetch(`${server.url}${path}`, init);
    say(`${bold(`${method} ${path}`)}  ${dim("→")} ${response.status}`);
    if (response.status !== 202) return response;
    await response.body?.cancel();
    const runId = response.headers.get(runHeader) ?? "";
    if (shown.has(runId)) throw new Error(`Cannot finish the demo: run ${runId} has ended, and is still in progress`);
    shown.add(runId);
    await showRun(server.bus, { cluster: "local", runId });
  }
}

async function showOutputs(response: Response): Promise<void> {
  const parsed = parseJson(await response.text());
  const data = parsed.ok ? check(OutputData, parsed.value) : parsed;
  if (!data.ok || response.status !== 200)
    throw new Error(`Cannot finish the demo: the driver answered ${response.status}`);
  say(`   ${bold("values")}   ${stringifyJson(data.value.resource.values)}`);
  const masked = Object.fromEntries(Object.keys(data.value.resource.secrets).map((name) => [name, "********"]));
  say(`   ${bold("secrets")}  ${stringifyJson(masked)}`);
}

const directory = await mkdtemp(join(tmpdir(), "cd-demo-"));
const localDirectory = join(directory, "local");
const config = await readStandaloneConfig({ PORT: "0", RUNS_DIRECTORY: join(directory, "runs") }, localDirectory);
if (!config.ok) throw new Error(config.problem);
const server = await startStandalone({
  config: config.value,
  logger: createLogger("error"),
  localDirectory: join(directory, "local"),
});
try {
  const path = "/drivers/container/shop-database";
  say(`Front door and agent run in this process, at ${server.url}. No broker, no cluster, no container engine.`);
  say(`\nThe orchestrator wants a database. The "container" is a shell script that came with the request.\n`);
  await showOutputs(await send(server, { method: "PUT", path, body: stringifyJson(request) }));
  say(`\nThe same request again changes nothing, so nothing runs:\n`);
  await showOutputs(await send(server, { method: "PUT", path, body: stringifyJson(request) }));
  say(
    `\nThe orchestrator is done with the database. The request has no body: the driver has kept what destroy needs.\n`,
  );
  const gone = await send(server, { method: "DELETE", path });
  if (gone.status !== 204) throw new Error(`Cannot finish the demo: the driver answered ${gone.status}`);
  say(`\n${green("That was all.")} npm start leaves this server running; the README has requests to try.`);
} finally {
  await server.stop();
  await rm(directory, { recursive: true, force: true });
}
