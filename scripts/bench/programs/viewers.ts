/** Many viewers of one stream of server-sent events, each over a connection of its own. */
import { once } from "node:events";
import { request, type IncomingMessage } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { parseServerEvents } from "../../../src/runs/stream/server-events.ts";
import { readNumber, readText } from "../child.ts";
import { answerQuestions, readVariable, sayLine } from "./lines.ts";

interface Viewer {
  /** How many events it has had, by the last one's cursor. */
  readonly counts: Map<number, number>;
  cursor: number;
}

const viewers: Viewer[] = [];
const authorization = readVariable("AUTHORIZATION");
let wake = () => undefined as void;

const mostTries = 30;

/** Resolves when the stream is open; it is opened again where it breaks off, as browsers do. */
async function open(url: string): Promise<void> {
  const viewer: Viewer = { counts: new Map(), cursor: 0 };
  const incoming = await connect(url, viewer);
  viewers.push(viewer);
  void view(url, viewer, incoming);
}

async function connect(url: string, { cursor }: Viewer): Promise<IncomingMessage> {
  const resume = cursor === 0 ? {} : { "last-event-id": String(cursor) };
  for (let tries = 1; ; tries++) {
    const headers = { authorization, accept: "text/event-stream", ...resume };
    const outgoing = request(url, { headers, agent: false });
    outgoing.end();
    const [incoming] = (await once(outgoing, "response")) as [IncomingMessage];
    if (incoming.statusCode === 200) return incoming;
    // On a machine that has too much to do, the broker may be too late for some.
    if (incoming.statusCode !== 503 || tries === mostTries)
      throw new Error(`Cannot view ${url}: it answers ${incoming.statusCode}`);
    incoming.resume();
    await delay(1000);
  }
}

async function view(url: string, viewer: Viewer, first: IncomingMessage): Promise<never> {
  let count = 0;
  for (let incoming = first; ; incoming = await connect(url, viewer)) {
    try {
      for await (const { id } of parseServerEvents(incoming)) {
        viewer.cursor = Number(id);
        viewer.counts.set(viewer.cursor, ++count);
        wake();
      }
    } catch {
      // It broke off.
    }
    await delay(1000);
  }
}

/** Several at once, as a server's queue for connections has an end. */
async function openMany(url: string, wanted: number): Promise<void> {
  const work = async () => {
    while (left-- > 0) await open(url);
  };
  let left = wanted - viewers.length;
  await Promise.all(Array.from({ length: 10 }, work));
}

/** How many different counts of events viewers had at a cursor, which all of them have passed: 1, unless some missed some. */
async function compareAt(cursor: number): Promise<{ counts: number; events: number }> {
  while (viewers.some((viewer) => viewer.cursor < cursor)) await new Promise<void>((resolve) => (wake = resolve));
  const counts = new Set(viewers.map((viewer) => viewer.counts.get(cursor) ?? 0));
  return { counts: counts.size, events: Math.max(...counts) };
}

sayLine({ ready: true });
await answerQuestions(async (question) => {
  switch (readText(question, "what")) {
    case "open":
      await openMany(readText(question, "url"), readNumber(question, "viewers"));
      return { viewers: viewers.length };
    case "compare":
      return compareAt(readNumber(question, "cursor"));
    default:
      throw new Error("Cannot answer: unknown question");
  }
});
