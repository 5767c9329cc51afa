/**
 * Stands between a client and a real API server, sees each request go by, and does what networks and overloaded servers do:
 * so that a test says when. Whoever sends no token of his own is let in as the kubeconfig's user.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Agent, request as requestOverTls, type RequestOptions } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { text } from "node:stream/consumers";
import { KubeConfig, type User } from "@kubernetes/client-node";

export interface ApiProxy {
  /** Points to the proxy. */
  readonly kubeConfig: KubeConfig;
  /** The same for another user, such as one with a token file. */
  buildKubeConfig(user: Omit<User, "name">): KubeConfig;
  /** Method and path with query of all that was asked, in order; also of what was not passed on. */
  readonly requests: readonly string[];
  /** Gives this answer to the next requests that match, one after the other for each in the list. */
  answer(matches: Matcher, answers: readonly CannedAnswer[]): void;
  /** Passes the next request that matches on, and breaks its connection once the server has answered. */
  loseAnswer(matches: Matcher): void;
  /** Waits so long before each request that matches is passed on, until the function that it returns is called. */
  delay(matches: Matcher, milliseconds: number): () => void;
  /** Puts another body in the place of what is sent in the requests that match, as admission webhooks do. */
  rewrite(matches: Matcher, change: (body: string) => string): void;
  /** Breaks all connections, as a network does. */
  cut(): void;
  /** Nothing goes by any more, and nobody is told, until the function that it returns is called: then everything does. */
  freeze(): () => void;
  /** The streams that are open now never say another word, and never end; what is asked from now on goes by. */
  stall(): void;
  /** Streams that are open now: watches and logs that are followed. */
  countStreams(): number;
  /** Breaks all connections, and every new one, until the function that it returns is called. */
  refuse(): () => void;
  close(): Promise<void>;
}

export type Matcher = (request: { readonly method: string; readonly url: string }) => boolean;

export interface CannedAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

type Rule = { readonly matches: Matcher } & (
  | { readonly kind: "answer"; readonly answer: CannedAnswer }
  | { readonly kind: "lose" }
  | { readonly kind: "delay"; readonly milliseconds: number }
);

interface Change {
  readonly matches: Matcher;
  readonly change: (body: string) => string;
}

async function changeBody(request: IncomingMessage, changes: readonly Change[]): Promise<string> {
  return changes.reduce((body, { change }) => change(body), await text(request));
}

export async function startApiProxy(target: KubeConfig): Promise<ApiProxy> {
  const identity: RequestOptions = {};
  await target.applyToHTTPSOptions(identity);
  const { ca, cert, key } = identity;
  const known = new Agent({ keepAlive: true, ca, cert, key });
  const anybody = new Agent({ keepAlive: true, ca });
  const targetUrl = new URL(target.getCurrentCluster()?.server ?? "");

  const requests: string[] = [];
  const rules = new Set<Rule>();
  const changes: Change[] = [];
  const sockets = new Set<Socket>();
  const streams = new Set<{ readonly from: IncomingMessage; readonly to: ServerResponse }>();
  let thaw: PromiseWithResolvers<void> | undefined;
  let refusing = false;

  const server = createServer((incoming, outgoing) => {
    const { method = "GET", url = "/" } = incoming;
    requests.push(`${method} ${url}`);
    const rule = takeRule({ method, url });
    if (rule?.kind === "answer") {
      const { status, headers = {}, body = "" } = rule.answer;
      outgoing.writeHead(status, { "content-type": "application/json", ...headers }).end(body);
    } else void pass(incoming, outgoing, rule);
  });
  server.on("connection", (socket) => {
    if (refusing) return socket.destroy();
    sockets.add(socket);
    // Whose peer is gone: that is what tests do to each other here.
    socket.on("error", () => socket.destroy()).on("close", () => sockets.delete(socket));
  });

  /** Delays stay; all else happens once. */
  function takeRule(request: { method: string; url: string }): Rule | undefined {
    const rule = [...rules].find(({ matches }) => matches(request));
    if (rule !== undefined && rule.kind !== "delay") rules.delete(rule);
    return rule;
  }

  async function pass(incoming: IncomingMessage, outgoing: ServerResponse, rule: Rule | undefined): Promise<void> {
    if (rule?.kind === "delay") await new Promise((resolve) => setTimeout(resolve, rule.milliseconds));
    await thaw?.promise;
    const { method = "GET", url = "/" } = incoming;
    const wanted = changes.filter(({ matches }) => matches({ method, url }));
    const body = wanted.length === 0 ? undefined : await changeBody(incoming, wanted);
    if (outgoing.destroyed) return;
    const { host: _, ...headers } = incoming.headers;
    if (body !== undefined) headers["content-length"] = String(Buffer.byteLength(body));
    const agent = headers.authorization === undefined ? known : anybody;
    const { hostname, port } = targetUrl;
    const passed = requestOverTls({ hostname, port, method, path: url, headers, agent });
    passed.on("error", () => outgoing.destroy());
    passed.on("response", (answer) => {
      if (rule?.kind === "lose") {
        answer.resume();
        outgoing.destroy();
      } else passBack(answer, outgoing);
    });
    outgoing.on("close", () => passed.destroy());
    if (body === undefined) incoming.pipe(passed);
    else passed.end(body);
  }

  function passBack(from: IncomingMessage, to: ServerResponse): void {
    const stream = { from, to };
    streams.add(stream);
    from.on("error", () => to.destroy());
    to.on("close", () => streams.delete(stream));
    to.writeHead(from.statusCode ?? 500, from.headers);
    to.flushHeaders();
    if (thaw === undefined) from.pipe(to);
  }

  function cut(): void {
    for (const socket of sockets) socket.destroy();
  }

  function buildKubeConfig(user: Omit<User, "name">): KubeConfig {
    const kubeConfig = new KubeConfig();
    const name = "proxy";
    kubeConfig.loadFromClusterAndUser({ name, server: url, skipTLSVerify: true }, { ...user, name });
    return kubeConfig;
  }

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    kubeConfig: buildKubeConfig({}),
    buildKubeConfig,
    requests,
    answer(matches, answers) {
      for (const answer of answers) rules.add({ kind: "answer", matches, answer });
    },
    loseAnswer(matches) {
      rules.add({ kind: "lose", matches });
    },
    delay(matches, milliseconds) {
      const rule: Rule = { kind: "delay", matches, milliseconds };
      rules.add(rule);
      return () => rules.delete(rule);
    },
    rewrite(matches, change) {
      changes.push({ matches, change });
    },
    cut,
    freeze() {
      const frozen = Promise.withResolvers<void>();
      thaw = frozen;
      for (const { from, to } of streams) from.unpipe(to);
      return () => {
        thaw = undefined;
        for (const { from, to } of streams) from.pipe(to);
        frozen.resolve();
      };
    },
    stall() {
      for (const stream of streams) {
        stream.from.unpipe(stream.to);
        streams.delete(stream);
      }
    },
    countStreams: () => streams.size,
    refuse() {
      refusing = true;
      cut();
      return () => {
        refusing = false;
      };
    },
    async close() {
      cut();
      known.destroy();
      anybody.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
