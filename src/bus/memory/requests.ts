/** The work queues of one process. A request is queued, leased, or waiting out the delay of its release. */
import type { RunAddress } from "../../contract/names.ts";
import { checkCluster, toSubject } from "../address.ts";
import type { Lease, RequestQueue } from "../port.ts";
import type { Gate } from "./gate.ts";
import { createReadyQueue, type ReadyQueue } from "./ready-queue.ts";
import type { Schedule } from "./timers.ts";

export interface RequestOptions {
  readonly leaseMilliseconds: number;
  readonly schedule: Schedule;
}

interface Request {
  readonly address: RunAddress;
  readonly data: Uint8Array;
  readonly queue: ReadyQueue<Request>;
  /** How often it was handed out; together with `state`, whose it is. */
  deliveries: number;
  state: "queued" | "leased" | "finished";
  cancelTimer: () => void;
}

export function createMemoryRequests(options: RequestOptions, gate: Gate): RequestQueue {
  const requests = new Map<string, Request>();
  const queues = new Map<string, ReadyQueue<Request>>();
  gate.closing.addEventListener("abort", () => {
    for (const request of requests.values()) request.cancelTimer();
  });

  function getQueue(cluster: string): ReadyQueue<Request> {
    const queue = queues.get(checkCluster(cluster)) ?? createReadyQueue();
    queues.set(cluster, queue);
    return queue;
  }

  /** Leases the oldest request; one that was finished while it was queued is passed over. */
  function claim(queue: ReadyQueue<Request>): Lease | undefined {
    for (let request = queue.shift(); request !== undefined; request = queue.shift()) {
      if (request.state !== "finished") return lease(request, options, gate, forget);
    }
    return undefined;
  }

  function forget(request: Request): void {
    if (request.state !== "finished") requests.delete(toSubject("requests", request.address));
    request.state = "finished";
    request.cancelTimer();
  }

  return {
    async place(address, data) {
      const copy = gate.take("place a run", data);
      const subject = toSubject("requests", address);
      if (requests.has(subject)) return;
      const queue = getQueue(address.cluster);
      const fresh = { deliveries: 0, state: "queued" as const, cancelTimer: () => undefined };
      const request: Request = { address, data: copy, queue, ...fresh };
      requests.set(subject, request);
      queue.push(request);
    },
    async *take(cluster, { signal }) {
      const queue = getQueue(cluster);
      const end = AbortSignal.any([signal, gate.closing]);
      try {
        while (!end.aborted) {
          const taken = claim(queue);
          if (taken === undefined) await queue.wait(end);
          else yield taken;
        }
      } finally {
        queue.passOn();
      }
    },
  };
}

function lease(request: Request, options: RequestOptions, gate: Gate, forget: (request: Request) => void): Lease {
  const deliveries = ++request.deliveries;
  const isHeld = () => request.state === "leased" && request.deliveries === deliveries;
  request.state = "leased";
  queueAfter(options.leaseMilliseconds);

  function queueAfter(milliseconds: number): void {
    request.cancelTimer();
    request.cancelTimer = options.schedule(milliseconds, () => {
      request.state = "queued";
      request.queue.push(request);
    });
  }

  return {
    address: request.address,
    data: new Uint8Array(request.data),
    deliveries,
    milliseconds: options.leaseMilliseconds,
    async renew() {
      gate.check("renew a lease");
      if (isHeld()) queueAfter(options.leaseMilliseconds);
    },
    async finish() {
      gate.check("finish a request");
      forget(request);
    },
    async release(delay) {
      gate.check("release a request");
      if (!isHeld()) return;
      request.state = "queued";
      queueAfter(delay);
    },
  };
}
