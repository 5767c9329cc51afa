import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { once } from "node:events";
import { afterEach, describe, expect, test } from "vitest";
import { createClient } from "./client.ts";
import { followStream } from "./follow.ts";
import { createReconnection } from "./reconnection.ts";

type Answer = (request: IncomingMessage, response: ServerResponse, times: number) => void;

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function serve(answer: Answer, port = 0): Promise<{ url: string; port: number; close(): void }> {
  let times = 0;
  const server = createServer((request, response) => answer(request, response, times++)).listen(port, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const own = typeof address === "object" && address !== null ? address.port : 0;
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  closing.push(close);
  return { url: `http://127.0.0.1:${own}`, port: own, close };
}

const eventStream = { "Content-Type": "text/event-stream" };
const total = 200;
const toText = (n: number) => `id: ${n}\ndata: line ${n}\n\n`;
const expected = Array.from({ length: total }, (_, i) => `line ${i + 1}`);

/** A log of 200 lines, from where the client has it. */
function tell(request: IncomingMessage, response: ServerResponse, most = Infinity): void {
  const after = Number(request.headers["last-event-id"] ?? 0);
  response.writeHead(200, eventStream);
  for (let n = after + 1; n <= Math.min(total, after + most); n++) response.write(toText(n));
  if (after + most >= total) response.end("event: end\ndata: {}\n\n");
}

function follow(url: string, { live = true, signal = new AbortController().signal } = {}) {
  const notes: string[] = [];
  const lines: string[] = [];
  let losses = 0;
  // Asked for with each loss, and as small as pauses can be.
  const random = () => {
    losses++;
    return 1;
  };
  const reconnection = createReconnection({ note: (line) => notes.push(line), signal, random });
  const client = createClient({ url, token: undefined });
  const read = async () => {
    const events = followStream(client, { path: "/x", live, reconnection, signal });
    for await (const { event, data } of events) if (event !== "end") lines.push(data);
    return lines;
  };
  return { read, notes, lines, countLosses: () => losses };
}

describe("a stream", () => {
  test("has every line once though its connection is cut again and again, at any byte", async () => {
    const { url } = await serve((request, response, times) => {
      const after = Number(request.headers["last-event-id"] ?? 0);
      tell(request, response, 60);
      if (after + 60 >= total) return;
      // The beginning of an event that never comes whole.
      response.write(toText(after + 61).slice(0, 5 + times * 4), () => response.destroy());
    });
    const { read, notes } = follow(url);
    expect(await read()).toEqual(expected);
    expect(notes.filter((note) => note === "Connected again")).toHaveLength(3);
    expect(notes[0]).toMatch(/^The connection to .* was lost: .*; trying again$/);
  });

  test("goes on after the server was gone for a while, and says so once", async () => {
    const first = await serve((request, response) => tell(request, response, 100));
    const { read, notes, lines, countLosses } = follow(first.url);
    const reading = read();
    await expect.poll(() => lines).toHaveLength(100);
    first.close();
    await expect.poll(countLosses).toBeGreaterThan(3);
    await serve((request, response) => tell(request, response), first.port);
    expect(await reading).toEqual(expected);
    expect(notes).toHaveLength(2);
  });

  test("goes on when a live one ends without its end, and when the server has no time", async () => {
    const { url } = await serve((request, response, times) => {
      if (times === 1)
        response.writeHead(503).end('{"error":"RES-151","message":"Cannot read: the broker does not answer"}');
      else if (times === 0) response.writeHead(200, eventStream).end(toText(1));
      else tell(request, response);
    });
    expect(await follow(url).read()).toEqual(expected);
  });

  test("ends by itself when it isn't live", async () => {
    const { url } = await serve((_request, response) => void response.writeHead(200, eventStream).end(toText(1)));
    expect(await follow(url, { live: false }).read()).toEqual(["line 1"]);
  });

  test("is over when the server has nothing behind what was seen", async () => {
    const { url } = await serve((_request, response, times) => {
      if (times === 0) response.writeHead(200, eventStream).end(toText(1));
      else response.writeHead(204).end();
    });
    expect(await follow(url).read()).toEqual(["line 1"]);
  });

  test("is not tried again when the server knows no such thing, or there never was a server", async () => {
    const unknown = await serve((_request, response) => {
      response.writeHead(404).end('{"error":"RES-102","message":"There is no such run"}');
    });
    await expect(follow(unknown.url).read()).rejects.toMatchObject({ message: "There is no such run", exitCode: 1 });
    unknown.close();
    await expect(follow(unknown.url).read()).rejects.toMatchObject({ exitCode: 3 });
  });

  // Long before silence would end it.
  test("ends at once, and lets go of its connection, when it is interrupted", { timeout: 20_000 }, async () => {
    const gone = Promise.withResolvers<void>();
    const { url } = await serve((_request, response) => {
      response.on("close", gone.resolve).writeHead(200, eventStream).write(toText(1));
    });
    const interrupt = new AbortController();
    const { read, lines } = follow(url, { signal: interrupt.signal });
    const reading = read();
    await expect.poll(() => lines).toEqual(["line 1"]);
    interrupt.abort();
    await expect(reading).rejects.toMatchObject({ name: "AbortError" });
    await gone.promise;
  });

  test("does not send the token where the server would have it sent", async () => {
    const seen: (string | undefined)[] = [];
    const other = await serve((request, response) => {
      seen.push(request.headers.authorization);
      response.end();
    });
    const { url } = await serve((_request, response) => void response.writeHead(302, { Location: other.url }).end());
    const client = createClient({ url, token: "secret" });
    const signal = new AbortController().signal;
    const response = await client.send({ path: "/x", signal });
    expect(response.status).toBe(302);
    expect(seen).toEqual([]);
  });
});
