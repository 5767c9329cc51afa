/** A caller in this process, over kept connections: for what has to be timed from one process to another. */
import { Agent } from "node:http";
import { sendRequest } from "../../test/support/http.ts";
import { runHeader } from "../../src/contract/driver-api/headers.ts";
import { goodBody, type Tokens } from "./request.ts";

export interface Caller {
  /** Puts a new resource; answers with its run, and when it was sent on the clock that all processes share. */
  put(): Promise<{ readonly runId: string; readonly sentAt: bigint }>;
  /** Milliseconds of one such PUT. */
  timePut(): Promise<number>;
  close(): void;
}

export function createCaller(url: string, tokens: Tokens): Caller {
  const agent = new Agent({ keepAlive: true });
  const headers = { Authorization: tokens.fixed, "Content-Type": "application/json" };
  const prefix = Date.now().toString(36);
  let count = 0;
  async function put(): Promise<{ runId: string; sentAt: bigint }> {
    const path = `/drivers/container/${prefix}-${count++}-r`;
    const sentAt = process.hrtime.bigint();
    const answer = await sendRequest(url, { method: "PUT", path, headers, body: goodBody, agent });
    const runId = answer.headers[runHeader.toLowerCase()];
    if (answer.status === 202 && typeof runId === "string") return { runId, sentAt };
    throw new Error(`Cannot place a run: the front door answers ${answer.status} ${answer.text}`);
  }

  return {
    put,
    async timePut() {
      const start = performance.now();
      await put();
      return performance.now() - start;
    },
    close: () => agent.destroy(),
  };
}

/** Places so many runs, several at a time. */
export async function placeRuns(caller: Caller, runs: number): Promise<void> {
  let left = runs;
  const work = async () => {
    while (left-- > 0) await caller.put();
  };
  await Promise.all(Array.from({ length: 16 }, work));
}

/** Milliseconds of one request to a bare server, from the same kind of client. */
export async function timeBareRequest(url: string, agent: Agent): Promise<number> {
  const start = performance.now();
  await sendRequest(url, { method: "PUT", path: "/resource", body: goodBody, agent });
  return performance.now() - start;
}
