/** Connections to the broker as our programs make them, to real servers. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { connectNats } from "../../adapters/node/nats-connection.ts";
import { createConsoleLogger, type Logger } from "../../src/log.ts";
import { startNatsServer, type NatsServer } from "../nats/server.ts";
import { findFreePort } from "../runtimes/free-port.ts";
import { openBrokerStage } from "./broker-stage.ts";

const run = promisify(execFile);

const connectProgram = `
  import { connectNats } from "../../adapters/node/nats-connection.ts";
  import { createConsoleLogger } from "../../src/log.ts";
  const logger = createConsoleLogger({ write: () => undefined, now: () => new Date(), level: "silent" });
  try {
    const connection = await connectNats({ url: process.argv[1], name: "test", logger, patienceMilliseconds: 1500 });
    await connection.flush();
    console.log("connected");
    await connection.close();
  } catch (error) {
    console.log(error.message);
  }`;

function createLog(): { readonly lines: string[]; readonly logger: Logger } {
  const lines: string[] = [];
  const write = (line: string) => {
    lines.push(line);
  };
  return { lines, logger: createConsoleLogger({ write, now: () => new Date(), level: "debug" }) };
}

async function withServer(config: string, act: (server: NatsServer) => Promise<void>): Promise<void> {
  const server = await startNatsServer({ config });
  try {
    await act(server);
  } finally {
    await server.close();
  }
}

test.each(["nats", "ws"])("a server that isn't there is an error within the patience: %s", async (scheme) => {
  const { lines, logger } = createLog();
  const start = performance.now();
  const url = `${scheme}://somebody:hunter2@127.0.0.1:${await findFreePort()}`;
  const connecting = connectNats({ url, name: "test", logger, patienceMilliseconds: 1000 });
  await expect(connecting).rejects.toThrow(/^Cannot reach the broker at (nats|ws):\/\/127\.0\.0\.1:\d+: \w/);
  expect(performance.now() - start).toBeLessThan(15_000);
  // Several attempts, but nothing new to say about them; and never a password.
  expect(lines).toHaveLength(1);
  expect(lines.join()).not.toContain("hunter2");
});

test("a server that is reached but never answers is an error within the patience", async () =>
  withServer("", async (server) => {
    const { logger } = createLog();
    await server.kill("SIGSTOP");
    const connecting = connectNats({ url: server.url, name: "test", logger, patienceMilliseconds: 500 });
    await expect(connecting).rejects.toThrow(/Cannot reach the broker at .*: timeout/);
    await server.kill("SIGCONT");
  }));

test("without patience's end the broker is waited for, until the signal aborts", async () => {
  const port = await findFreePort();
  const { lines, logger } = createLog();
  const url = `nats://127.0.0.1:${port}`;
  const givingUp = new AbortController();
  const abandoned = connectNats({ url, name: "test", logger, signal: givingUp.signal });
  const waiting = connectNats({ url, name: "test", logger });
  await expect.poll(() => lines.length).toBe(2);
  givingUp.abort();
  await expect(abandoned).rejects.toThrow();
  const listen = `listen: "127.0.0.1:${port}"`;
  await withServer(listen, async () => {
    const connection = await waiting;
    await connection.flush();
    await connection.close();
  });
});

test.each(["nats", "ws"])(
  "a connection that was lost comes back, also after a restart, and says so: %s",
  async (scheme) => {
    const webSocketPort = await findFreePort();
    await withServer(`websocket { listen: "127.0.0.1:${webSocketPort}", no_tls: true }`, async (server) => {
      const { lines, logger } = createLog();
      const url = scheme === "ws" ? `ws://127.0.0.1:${webSocketPort}` : server.url;
      const connection = await connectNats({ url, name: "test", logger, patienceMilliseconds: 5000 });
      await server.restart();
      await expect.poll(() => lines.join()).toContain("Connected to the broker again");
      await connection.flush();
      expect(lines.join()).toContain("Lost the connection to the broker");
      await connection.close();
    });
  },
);

test("a wrong password is named as the reason, and isn't logged", async () =>
  withServer("authorization { user: somebody, password: right }", async (server) => {
    const { lines, logger } = createLog();
    const connect = (password: string) =>
      connectNats({
        url: server.url.replace("//", `//somebody:${password}@`),
        name: "test",
        logger,
        patienceMilliseconds: 1000,
      });
    await expect(connect("hunter2")).rejects.toThrow(
      /^Cannot reach the broker at nats:[^@]*: Authorization Violation$/,
    );
    expect(lines.join()).not.toContain("hunter2");
    await (await connect("right")).close();
  }));

test("who wants TLS doesn't talk to a server without", async () =>
  withServer("", async (server) => {
    const { logger } = createLog();
    const url = server.url.replace("nats:", "tls:");
    const connecting = connectNats({ url, name: "test", logger, patienceMilliseconds: 600 });
    await expect(connecting).rejects.toThrow(/does not support 'tls'/);
  }));

test.each(["tls", "wss"])("a server's certificate must be one that this machine trusts: %s", async (scheme) => {
  const directory = await mkdtemp(path.join(tmpdir(), "certificate-"));
  const [key, certificate] = [path.join(directory, "key.pem"), path.join(directory, "certificate.pem")];
  const kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  const names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"];
  await run("openssl", ["req", ...kind, ...names, "-keyout", key, "-out", certificate]);
  const tls = `tls { cert_file: "${certificate}", key_file: "${key}" }`;
  const webSocketPort = await findFreePort();
  await withServer(`${tls}\nwebsocket { listen: "127.0.0.1:${webSocketPort}", ${tls} }`, async (server) => {
    const url = scheme === "wss" ? `wss://127.0.0.1:${webSocketPort}` : server.url.replace("nats:", "tls:");
    // In a process of its own: Node reads the authorities that it trusts at its start.
    const connect = (authorities: string) =>
      run(process.execPath, ["--input-type=module", "-e", connectProgram, url], {
        env: { ...process.env, NODE_EXTRA_CA_CERTS: authorities },
        cwd: import.meta.dirname,
      });
    expect((await connect(certificate)).stdout).toBe("connected\n");
    expect((await connect("")).stdout).toMatch(/^Cannot reach the broker at .*certificate/);
  });
  await rm(directory, { recursive: true });
});

test.each(["127.0.0.1:4222", "http://127.0.0.1", "", "nats://a,ws://b", "nats://"])(
  "the URL %j is refused",
  async (url) => {
    const { logger } = createLog();
    await expect(connectNats({ url, name: "test", logger })).rejects.toThrow(/^Cannot use NATS_URL: /);
  },
);

test("a credentials file that isn't there, or is none, is an error at once", async () => {
  const { logger } = createLog();
  const directory = await mkdtemp(path.join(tmpdir(), "credentials-"));
  const credentialsFile = path.join(directory, "nats.creds");
  const connect = () => connectNats({ url: "nats://127.0.0.1:1", credentialsFile, name: "test", logger });
  await expect(connect()).rejects.toThrow(/^Cannot use the credentials file .*nats\.creds: ENOENT/);
  await writeFile(credentialsFile, "hunter2");
  await expect(connect()).rejects.toThrow(
    /^Cannot use the credentials file .*nats\.creds: unable to parse credentials$/,
  );
  await rm(directory, { recursive: true });
});

test("credentials are read again for each connection; while the file is gone or half-written, the last ones serve", async () => {
  const broker = await openBrokerStage("newest");
  const { lines, logger } = createLog();
  const directory = await mkdtemp(path.join(tmpdir(), "credentials-"));
  const credentialsFile = path.join(directory, "nats.creds");
  const text = await readFile(path.join(broker.directory, "broker/front-door.creds"), "utf8");
  await writeFile(credentialsFile, text);
  const connection = await connectNats({ url: broker.server.url, credentialsFile, name: "test", logger });
  const again = async () => {
    lines.length = 0;
    await broker.server.restart();
    await expect.poll(() => lines.join()).toContain("Connected to the broker again");
  };
  await rm(credentialsFile);
  await again();
  for (const length of [0, 100, text.indexOf("SU") + 20]) {
    await writeFile(credentialsFile, text.slice(0, length));
    await again();
  }
  // Another user's, whose permissions differ: it may not do what the front door may.
  await writeFile(credentialsFile, await readFile(path.join(broker.directory, "broker/provision.creds"), "utf8"));
  await again();
  expect((await connection.request("$JS.API.STREAM.NAMES")).json()).toMatchObject({ total: 2 });
  expect(lines.join()).not.toContain("SU");
  await connection.close();
  await rm(directory, { recursive: true });
  await broker.close();
});
