import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { createPost, type PostOptions } from "./post-webhook.ts";
import { isPublicAddress } from "./public-address.ts";

async function listen(answer: RequestListener): Promise<number> {
  const server = createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

function send(url: string, { allowPrivate = true, milliseconds = 20_000, ...options }: SendOptions = {}) {
  const request = { headers: { "webhook-id": "1" }, body: new TextEncoder().encode("hello"), allowPrivate };
  return createPost(options)(url, { ...request, signal: AbortSignal.timeout(milliseconds) });
}

type SendOptions = PostOptions & { readonly allowPrivate?: boolean; readonly milliseconds?: number };

test("a POST brings its headers and body, and the status is what counts", async () => {
  const seen: unknown[] = [];
  const port = await listen((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (text: string) => (body += text));
    request.on("end", () => {
      seen.push([request.method, request.headers["webhook-id"], body]);
      response.writeHead(503, { "retry-after": "7" }).end("x".repeat(1_000_000));
    });
  });
  expect(await send(`http://127.0.0.1:${port}/`)).toEqual({ kind: "answered", status: 503, retryAfterSeconds: 7 });
  expect(seen).toEqual([["POST", "1", "hello"]]);
});

test("a redirect is an answer, and is not followed", async () => {
  let asked = 0;
  const port = await listen((_, response) => {
    asked++;
    response.writeHead(307, { location: "/elsewhere" }).end();
  });
  expect(await send(`http://127.0.0.1:${port}/`)).toEqual({ kind: "answered", status: 307 });
  expect(asked).toBe(1);
});

test("a target that doesn't answer, or isn't there, is said so", async () => {
  const port = await listen(() => undefined);
  const late = await send(`http://127.0.0.1:${port}/`, { milliseconds: 200 });
  expect(late).toEqual({ kind: "failed", problem: "no answer in time" });
  expect(await send("http://127.0.0.1:1/")).toMatchObject({
    kind: "failed",
    problem: expect.stringContaining("ECONNREFUSED"),
  });
});

test.each([
  "http://127.0.0.1",
  "http://2130706433",
  "http://0x7f.1",
  "http://[::1]",
  "http://[::ffff:127.0.0.1]",
  "http://0.0.0.0",
  "http://localhost",
  "http://169.254.169.254",
])("%s gets nothing unless private targets are allowed", async (origin) => {
  let asked = 0;
  const port = await listen((_, response) => {
    asked++;
    response.end();
  });
  expect(await send(`${origin}:${port}/`, { allowPrivate: false })).toMatchObject({
    kind: "failed",
    problem: expect.stringMatching(/is not a public address$/),
  });
  expect(asked).toBe(0);
});

test("a name is resolved once, and one private address among its own is enough to refuse it", async () => {
  const port = await listen((_, response) => void response.end());
  let asked = 0;
  const resolveTo = (...addresses: string[]) => ({
    resolve: (_: string, done: (error: null, found: { address: string; family: number }[]) => void) => {
      asked++;
      // A name that means something else when it is asked again.
      const now = asked > 1 ? ["127.0.0.1"] : addresses;
      done(
        null,
        now.map((address) => ({ address, family: 4 })),
      );
    },
  });
  const url = `http://hooks.example.com:${port}/`;
  const mixed = await send(url, { ...resolveTo("93.184.215.14", "10.0.0.1"), allowPrivate: false });
  expect(mixed).toEqual({ kind: "failed", problem: "10.0.0.1 is not a public address" });
  expect(asked).toBe(1);
  const allowed = await send(url, { ...resolveTo("127.0.0.1"), allowPrivate: true });
  expect(allowed).toEqual({ kind: "answered", status: 200 });
  expect(asked).toBe(2);
});

test("which addresses are public", () => {
  const open = ["93.184.215.14", "8.8.8.8", "172.15.255.255", "172.32.0.1", "2606:2800:21f:cb07::1", "2a00:1450::1"];
  const closed = [
    ["10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "100.127.255.255", "169.254.169.254"],
    ["127.0.0.1", "127.255.255.254", "0.0.0.0", "224.0.0.1", "240.0.0.1", "255.255.255.255", "198.18.0.1"],
    ["::", "::1", "fe80::1", "fe80::1%lo", "fc00::1", "fd12::1", "ff02::1", "::ffff:8.8.8.8", "64:ff9b::7f00:1"],
    ["2001::1", "2001:db8::1", "2002:7f00:1::", "", "localhost", "1.2.3", "8.8.8.8.8"],
  ].flat();
  expect(open.filter((address) => !isPublicAddress(address))).toEqual([]);
  expect(closed.filter(isPublicAddress)).toEqual([]);
});
