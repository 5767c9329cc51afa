/** Commands that last, while the server is killed and started again behind them: NATS keeps what it knew. */
import { createServer, connect, type Server, type Socket } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import { writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startNatsServer, type NatsServer } from "../nats/server.ts";
import { findFreePort } from "../runtimes/free-port.ts";
import { createDriverClient, createGuresid } from "../support/driver-client.ts";
import { buildScriptRequest } from "../support/script-request.ts";
import { startStandaloneProcess, type StandaloneProcess } from "../support/standalone-process.ts";
import { createTemporaryDirectory, type TemporaryDirectory } from "../support/temporary-directory.ts";
import { readJsonLines, startCommand } from "./command.ts";

let nats: NatsServer;
let directory: TemporaryDirectory;
let server: StandaloneProcess;
let port: number;

const start = () => startStandaloneProcess({ directory: directory.path, port, environment: { NATS_URL: nats.url } });

beforeAll(async () => {
  [nats, directory, port] = await Promise.all([startNatsServer(), createTemporaryDirectory(), findFreePort()]);
  server = await start();
});
afterAll(async () => {
  await server?.stop();
  await nats?.close();
  await directory?.remove();
});

/** A script that prints numbered lines until it is told to end. */
const count = (flag: string) =>
  `i=0; while [ ! -e ${flag} ]; do i=$((i+1)); echo "line $i"; sleep 0.05; done; echo "last $i"`;

/** All lines up to the last one, each once. */
function expectWhole(text: string): void {
  const last = Number(/^last (\d+)$/m.exec(text)?.[1]);
  expect(last).toBeGreaterThan(10);
  const expected = Array.from({ length: last }, (_, i) => `line ${i + 1}`);
  expect(text.trimEnd().split("\n")).toEqual([...expected, `last ${last}`]);
}

describe("a server that is killed and comes back", () => {
  test("costs logs -f no line and doubles none", async () => {
    const flag = join(directory.path, "logs-end");
    const answer = await createDriverClient(server.url).put(createGuresid(), buildScriptRequest(count(flag)));
    const following = startCommand(["logs", "-f", String(answer.headers["container-driver-run"])], { url: server.url });
    await following.awaitText(/line 5\n/);
    await server.end("SIGKILL");
    await following.awaitText(/trying again/);
    server = await start();
    await following.awaitText(/Connected again/);
    await writeFile(flag, "");
    const { code, stdout, stderr } = await following.finished;
    expect(code).toBe(0);
    expect(stderr).toMatch(/^.*; trying again\nConnected again\n$/);
    expectWhole(stdout);
  });

  test("costs run nothing: its result comes, with every line and every phase once", async () => {
    const flag = join(directory.path, "run-end");
    const file = join(directory.path, "counts.json");
    await writeFile(file, JSON.stringify(buildScriptRequest(`${count(flag)}; echo '{"done": true}' > $OUTPUTS_FILE`)));
    const running = startCommand(["run", "-f", file, "--json"], { url: server.url });
    await running.awaitText(/line 5\\n/);
    await server.end("SIGKILL");
    await running.awaitText(/trying again/);
    server = await start();
    await running.awaitText(/Connected again/);
    await writeFile(flag, "");
    const { code, stdout } = await running.finished;
    const lines = readJsonLines(stdout);
    expect(code).toBe(0);
    expect(lines.at(-1)).toMatchObject({ kind: "result", status: "succeeded", outputs: { values: { done: true } } });
    expectWhole(lines.map(({ kind, text }) => (kind === "log" ? text : "")).join(""));
    const ids = lines.filter(({ kind }) => kind === "event").map(({ event }) => (event as { id: string }).id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe("a connection that is cut every second", () => {
  let proxy: Server;
  const sockets = new Set<Socket>();
  let cutting: NodeJS.Timeout;

  beforeAll(async () => {
    proxy = createServer((inner) => {
      const outer = connect(port, "127.0.0.1");
      inner.pipe(outer).pipe(inner);
      for (const socket of [inner, outer]) {
        sockets.add(socket);
        // Cut off on purpose.
        socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
      }
    }).listen(0, "127.0.0.1");
    await once(proxy, "listening");
    cutting = setInterval(() => {
      for (const socket of sockets) socket.destroy();
    }, 1000);
  });
  afterAll(() => {
    clearInterval(cutting);
    for (const socket of sockets) socket.destroy();
    proxy?.close();
  });

  test("costs no line and doubles none", async () => {
    const flag = join(directory.path, "cut-end");
    const answer = await createDriverClient(server.url).put(createGuresid(), buildScriptRequest(count(flag)));
    const address = proxy.address();
    const url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
    const following = startCommand(["logs", "-f", String(answer.headers["container-driver-run"])], { url });
    await following.awaitText(/(Connected again\n[^]*){4}/);
    await writeFile(flag, "");
    const { code, stdout } = await following.finished;
    expect(code).toBe(0);
    expectWhole(stdout);
  });
});
