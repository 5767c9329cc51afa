/** A front door on a bus in memory, and what agents would have written there. */
import { createStage as createAppStage, type StageOptions } from "../../src/app.fixture.ts";
import { createMemoryBus } from "../../src/bus/memory/memory-bus.ts";
import type { Bus } from "../../src/bus/port.ts";
import { encodeMessage } from "../../src/contract/decode.ts";
import { buildRunEvent, isTerminal, type EventKind, type Phase, type RunEventData } from "../../src/contract/events.ts";
import { parseJson } from "../../src/contract/json.ts";
import { encodeLogChunk, type LogChunkHeader } from "../../src/contract/log-chunk.ts";
import type { RunAddress } from "../../src/contract/names.ts";
import { createClusterDirectory } from "../../src/driver/cluster-directory.ts";
import { createParties } from "../../src/sealing/sealing.fixture.ts";
import { createRunId } from "../bus/stage.ts";

export const clusters = ["prod", "test"] as const;

export async function openStage(options: StageOptions = {}) {
  const parties = await createParties();
  const bus = options.bus ?? createMemoryBus();
  const list = clusters.map((name) => ({ name, key: parties.clusterKey }));
  const directory = createClusterDirectory({ clusters: list, defaultCluster: "prod" });
  const stage = await createAppStage({ parties, bus, clusters: directory, ...options });
  const get = (path: string, headers: Record<string, string> = {}) => stage.app.request(path, { headers });
  return {
    ...stage,
    /** The response itself, whose body may go on. */
    open: get,
    /** A JSON answer. */
    async json(path: string, headers: Record<string, string> = {}) {
      const response = await get(path, headers);
      return { status: response.status, body: readJson(await response.text()) };
    },
    /** JSON lines. */
    async lines(path: string, headers: Record<string, string> = {}) {
      const text = await (await get(path, headers)).text();
      return text.split("\n").slice(0, -1).map(readJson);
    },
    write: createWriter(bus),
  };
}

/** A test checks of an answer what it expects to find there. */
type Anything = ReturnType<typeof JSON.parse>;

export function readJson(text: string): Anything {
  const parsed = parseJson(text);
  if (!parsed.ok) throw new Error(`${parsed.problem}: ${text.slice(0, 200)}`);
  return parsed.value;
}

export const sealed = "canary-sealed-part";

type Writer = ReturnType<typeof createWriter>;
export type { Writer };

/** Writes as front door and agent do. */
export function createWriter(bus: Bus) {
  let second = 0;

  async function event(address: RunAddress, kind: EventKind, details: Partial<RunEventData> = {}): Promise<number> {
    const phase: Phase = details.phase ?? (kind === "adopted" || kind === "warned" ? "running" : kind);
    const data: RunEventData = {
      ...address,
      driver: "container",
      guresid: "3f786850e387550fdab836ed7e6dc881de23001b",
      type: "s3",
      action: "create",
      phase,
      ...(isTerminal(phase) ? { sealed } : {}),
      ...details,
    };
    const time = new Date(Date.parse("2027-01-15T08:00:00.000Z") + second++ * 1000);
    const after = (await bus.events.last(address))?.sequence ?? 0;
    const id = `${address.runId}.${kind}.${second}`;
    const encoded = encodeMessage(buildRunEvent(kind, data, { id, source: "/test", time }));
    const appended = await bus.events.append(address, encoded, { id, after });
    if (appended.kind === "conflict") throw new Error("Cannot write an event: somebody else did");
    return appended.sequence;
  }

  async function chunk(
    address: RunAddress,
    text: string,
    header: Partial<LogChunkHeader> & { index: number },
  ): Promise<number> {
    const after = (await bus.logs.last(address))?.sequence ?? 0;
    const checkpoint = { from: "", skip: 0, covered: 0 };
    const data = encodeLogChunk({
      header: { v: 1, time: "2027-01-15T08:00:00.000Z", checkpoint, ...header },
      text: new TextEncoder().encode(text),
    });
    const appended = await bus.logs.append(address, data, { id: `${header.index}`, after });
    if (appended.kind === "conflict") throw new Error("Cannot write a chunk: somebody else did");
    return appended.sequence;
  }

  return {
    event,
    chunk,
    /** A run that has gone through these, in this order. */
    async run(
      cluster: string,
      kinds: readonly EventKind[] = ["requested", "accepted", "starting", "running", "collecting", "succeeded"],
      details: Partial<RunEventData> = {},
    ): Promise<RunAddress> {
      const address = { cluster, runId: createRunId() };
      for (const kind of kinds) await event(address, kind, details);
      return address;
    },
  };
}

/** Reads a body piece by piece, as a client does. */
export function readPieces(response: Response) {
  const reader = response.body?.getReader();
  if (reader === undefined) throw new Error("Cannot read a body: there is none");
  const decoder = new TextDecoder();
  let text = "";
  return {
    /** What has come so far. */
    soFar: () => text,
    /** Reads on until the text has something; rejects when it ends without. */
    async until(found: (text: string) => boolean): Promise<string> {
      while (!found(text)) {
        const { done, value } = await reader.read();
        if (done) throw new Error(`Cannot read on: the body has ended with ${JSON.stringify(text.slice(-500))}`);
        text += decoder.decode(value, { stream: true });
      }
      return text;
    },
    async toEnd(): Promise<string> {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return text;
        text += decoder.decode(value, { stream: true });
      }
    },
    leave: () => reader.cancel(),
  };
}

/** Server-sent events as a browser takes them apart; comments are left out. */
export function parseSse(text: string): { id?: string; event?: string; data: Anything }[] {
  return text.split("\n\n").flatMap((block) => {
    const fields = block.split("\n").flatMap((line) => {
      const match = /^(id|event|data): (.*)$/.exec(line);
      return match === null ? [] : [[match[1] ?? "", match[2] ?? ""] as const];
    });
    const { data, ...rest } = Object.fromEntries(fields) as { id?: string; event?: string; data?: string };
    return data === undefined ? [] : [{ ...rest, data: readJson(data) }];
  });
}

export const sse = { Accept: "text/event-stream" };
