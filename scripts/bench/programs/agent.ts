/** The agent as it is deployed on Node, but with a launcher that does nothing. */
import type { NatsConnection } from "@nats-io/nats-core";
import { connectTo } from "../connect.ts";
import { createLogger } from "../../../adapters/node/logger.ts";
import { startAgent } from "../../../k8s-agent/main.ts";
import { createNatsBus } from "../../../src/bus/nats/nats-bus.ts";
import { readNumber, readText } from "../child.ts";
import { createIdleLauncher } from "../idle-launcher.ts";
import { cluster, readAgentKeys } from "../keys.ts";
import { readCounters, readMemory } from "./counters.ts";
import { answerQuestions, readVariable, sayLine } from "./lines.ts";

const logger = createLogger("info");
const launches = new Map<string, bigint>();
const connecting = Promise.withResolvers<NatsConnection>();
let ended = 0;
let wake = () => undefined as void;

const lineMilliseconds = process.env["LINE_MILLISECONDS"];
const launcher = createIdleLauncher({
  hold: readVariable("RUNS") === "hold",
  ...(lineMilliseconds === undefined ? {} : { lineMilliseconds: Number(lineMilliseconds) }),
  onLaunch(runId) {
    launches.set(runId, process.hrtime.bigint());
    wake();
  },
  onRemove() {
    ended++;
    wake();
  },
});

async function waitUntil(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise<void>((resolve) => (wake = resolve));
}

const keys = await readAgentKeys();

async function start(capacity: number): Promise<void> {
  const connection = await connectTo(readVariable("NATS_URL"));
  connecting.resolve(connection);
  const bus = createNatsBus({ connection });
  const common = { cluster, agent: "bench", capacity, graceSeconds: 0, logger, version: "bench" };
  startAgent({ ...common, bus, launcher, keys, now: () => new Date(), random: Math.random });
}

sayLine({ ready: true });
await answerQuestions(async (question) => {
  switch (readText(question, "what")) {
    case "start":
      await start(readNumber(question, "capacity"));
      return {};
    case "launched": {
      // When a run was launched, on the clock that all processes share.
      const runId = readText(question, "runId");
      await waitUntil(() => launches.has(runId));
      return { at: String(launches.get(runId)) };
    }
    case "wait-launched":
      await waitUntil(() => launches.size >= readNumber(question, "runs"));
      return {};
    case "ended": {
      const from = performance.now();
      const before = ended;
      await waitUntil(() => ended >= readNumber(question, "runs"));
      return { seconds: (performance.now() - from) / 1000, runs: ended - before };
    }
    case "memory":
      return readMemory();
    case "counters":
      return readCounters(await connecting.promise);
    default:
      throw new Error("Cannot answer: unknown question");
  }
});
