/**
 * Git servers for tests, on loopback unless told otherwise: http and https by way of git's own CGI program, ssh by way of a real sshd.
 *
 * @example
 * const server = await startGitServer({ auth: { username: "me", password: "secret" } });
 * const repo = await server.createRepo("app", { "run.sh": "echo hello\n" });
 * // server.url("app"), repo.head, await repo.commit({ "run.sh": "echo bye\n" })
 * await server.close();
 */
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { createRepository, gitEnvironment, type Files, type Repository } from "./repository.ts";

export { startSshGitServer, type SshGitServer } from "./ssh-server.ts";
export type { Content, Files, Repository } from "./repository.ts";

export interface GitServerOptions {
  /** Basic authentication that every request must pass. */
  readonly auth?: { readonly username: string; readonly password: string };
  /** https, with a certificate of its own (`caFile`). */
  readonly tls?: boolean;
  /** This machine's address to listen on, and in URLs; left out: 127.0.0.1. */
  readonly host?: string;
  /** Speak git's protocol 0, as old servers do: then a commit that no branch points at can't be asked for. */
  readonly oldProtocol?: boolean;
  /** Answers instead of git where it returns true. */
  readonly intercept?: (request: IncomingMessage, response: ServerResponse) => boolean;
}

export interface GitServer {
  readonly port: number;
  /** PEM file of the certificate, with `tls`. */
  readonly caFile: string;
  /** Every request that came, with the credentials that it held. */
  readonly requests: { readonly method: string; readonly url: string; readonly authorization: string | undefined }[];
  url(repo: string): string;
  /** Without files the repository has no commit. */
  createRepo(name: string, files?: Files): Promise<Repository>;
  close(): Promise<void>;
}

/** Starts a git server on a free port. */
export async function startGitServer(options: GitServerOptions = {}): Promise<GitServer> {
  const { host = "127.0.0.1" } = options;
  const root = await mkdtemp(path.join(tmpdir(), "git-server-"));
  const requests: GitServer["requests"] = [];
  const children = new Set<ChildProcess>();
  const listener: RequestListener = (request, response) => {
    const { method = "", url = "", headers } = request;
    requests.push({ method, url, authorization: headers.authorization });
    if (options.intercept?.(request, response) === true) return;
    if (!isAllowed(request, options)) {
      response.writeHead(401, { "WWW-Authenticate": 'Basic realm="git"' }).end("Unauthorized\n");
      return;
    }
    const child = serveByGit(request, response, { root, oldProtocol: options.oldProtocol ?? false });
    children.add(child);
    child.once("close", () => children.delete(child));
  };
  const caFile = path.join(root, "certificate.pem");
  const server =
    options.tls === true ? createTlsServer(await makeCertificate(root, host), listener) : createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    caFile,
    requests,
    url: (repo) => `${options.tls === true ? "https" : "http"}://${host}:${port}/${repo}.git`,
    createRepo: (name, files) => createRepository(path.join(root, `${name}.git`), files),
    close: async () => {
      server.closeAllConnections();
      for (const child of children) child.kill("SIGKILL");
      await new Promise((resolve) => server.close(resolve));
      await rm(root, { recursive: true, force: true });
    },
  };
}

function isAllowed({ headers }: IncomingMessage, { auth }: GitServerOptions): boolean {
  if (auth === undefined) return true;
  const wanted = Buffer.from(`${auth.username}:${auth.password}`).toString("base64");
  return headers.authorization === `Basic ${wanted}`;
}

/** A bridge to `git http-backend`: CGI (RFC 3875) as far as it is needed. */
function serveByGit(
  request: IncomingMessage,
  response: ServerResponse,
  { root, oldProtocol }: { root: string; oldProtocol: boolean },
): ChildProcess {
  const url = new URL(request.url ?? "/", "http://localhost");
  const header = (name: string) => [request.headers[name] ?? ""].flat().join(", ");
  const child = spawn("git", ["http-backend"], {
    env: {
      ...gitEnvironment,
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: "1",
      GIT_PROTOCOL: oldProtocol ? "" : header("git-protocol"),
      REQUEST_METHOD: request.method ?? "GET",
      PATH_INFO: decodeURIComponent(url.pathname),
      QUERY_STRING: url.search.slice(1),
      CONTENT_TYPE: header("content-type"),
      CONTENT_LENGTH: header("content-length"),
      HTTP_CONTENT_ENCODING: header("content-encoding"),
      REMOTE_ADDR: "127.0.0.1",
    },
    stdio: ["pipe", "pipe", "ignore"],
  });
  // A client that goes away, or a git that has heard enough, is no event here.
  child.stdin.on("error", () => child.kill());
  response.on("close", () => child.kill());
  request.pipe(child.stdin);
  answer(child.stdout, response).catch(() => response.destroy());
  return child;
}

async function answer(output: NodeJS.ReadableStream, response: ServerResponse): Promise<void> {
  const closed = once(response, "close");
  let head = Buffer.alloc(0);
  for await (const chunk of output) {
    if (response.headersSent) {
      if (!response.write(chunk)) await Promise.race([once(response, "drain"), closed]);
      continue;
    }
    head = Buffer.concat([head, chunk as Buffer]);
    const end = head.indexOf("\r\n\r\n");
    if (end === -1) continue;
    writeHead(head.subarray(0, end).toString("latin1"), response);
    response.write(head.subarray(end + 4));
  }
  if (!response.headersSent) response.writeHead(502);
  response.end();
}

function writeHead(head: string, response: ServerResponse): void {
  const headers = new Map(head.split("\r\n").map((line) => splitOnce(line)));
  const status = Number.parseInt(headers.get("Status") ?? "200", 10);
  headers.delete("Status");
  response.writeHead(status, Object.fromEntries(headers));
}

function splitOnce(line: string): [string, string] {
  const colon = line.indexOf(":");
  return [line.slice(0, colon), line.slice(colon + 1).trim()];
}

async function makeCertificate(directory: string, host: string): Promise<{ key: string; cert: string }> {
  const [key, cert] = [path.join(directory, "key.pem"), path.join(directory, "certificate.pem")];
  const names = `subjectAltName=IP:${host},DNS:localhost`;
  const kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  const args = ["req", ...kind, "-subj", "/CN=localhost", "-addext", names, "-keyout", key, "-out", cert];
  await promisify(execFile)("openssl", args);
  return { key: await readFile(key, "utf8"), cert: await readFile(cert, "utf8") };
}
