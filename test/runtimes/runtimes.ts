/** The runtimes of the front door, as a user starts each. */

export interface Runtime {
  readonly name: "Node" | "Deno" | "Workers";
  /** Of package.json. */
  readonly script: string;
  /** What it prints when it is ready, with its URL. */
  readonly ready: RegExp;
  /** How it reaches the broker. */
  readonly broker: "tcp" | "webSocket";
  /** Headers that the runtime, and not the front door, puts on answers. */
  readonly ownHeaders: readonly string[];
}

const listens = /listens on (http:\/\/[\d.:]+)/;

export const runtimes: readonly Runtime[] = [
  {
    name: "Node",
    script: "dev:node",
    ready: listens,
    broker: "tcp",
    ownHeaders: ["date", "connection", "keep-alive", "content-length", "transfer-encoding"],
  },
  {
    name: "Deno",
    script: "dev:deno",
    ready: listens,
    broker: "tcp",
    ownHeaders: ["date", "connection", "content-length", "transfer-encoding"],
  },
  {
    name: "Workers",
    script: "dev:workers",
    ready: /Ready on (http:\/\/[\d.:]+)/,
    broker: "webSocket",
    ownHeaders: ["date", "connection", "content-length", "transfer-encoding"],
  },
];
