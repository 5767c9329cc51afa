import { Agent } from "node:http";
import { createCaller, timeBareRequest, type Caller } from "../driver-caller.ts";
import { readNumber, readText, type Child } from "../child.ts";
import { alternate } from "../interleave.ts";
import { addFigures, buildRatio, type BenchOptions, type SectionReport } from "../report.ts";
import { openStage } from "../stage.ts";

const aim = { kind: "at most", value: 1.25 } as const;

const text = `From before a PUT of a new resource is sent to the moment at which the agent, another process, calls its launcher, which does
nothing; one at a time, median. It is a ratio to the sum of what can't be left out: one HTTP round trip to a bare server, two
JetStream publishes with their acknowledgements (the record, which is the lock, and the \`accepted\` event, which is the fence), and
one JetStream publish until its delivery to a consumer that waits for it. Each of them with a request's size.`;

/** PUT to launched, through a real agent. */
export async function measureLaunching({ quick, say }: BenchOptions): Promise<SectionReport> {
  const stage = await openStage({ capacity: 10_000 });
  const agent = new Agent({ keepAlive: true });
  try {
    const caller = createCaller(await stage.startFrontDoor(), stage.tokens);
    const bare = stage.start("bare-server", { env: { STATUS: "202", ANSWER_BYTES: "120" } });
    const [publisher, runner] = [stage.start("publisher"), stage.start("agent", { env: { RUNS: "end" } })];
    const bareUrl = readText(await bare.next(), "url");
    await Promise.all([publisher.next(), runner.next(), caller.put()]);
    const bytes = await stage.readRequestBytes();
    await runner.ask({ what: "start", capacity: 100 });
    await timeLaunch(caller, runner);

    say("launching: one PUT at a time");
    const ask = async (what: string) => readNumber(await publisher.ask({ what, bytes }), "milliseconds");
    const variants = {
      launch: () => timeLaunch(caller, runner),
      http: () => timeBareRequest(bareUrl, agent),
      publish: () => ask("publish"),
      deliver: () => ask("deliver"),
    };
    const count = quick ? 30 : 100;
    await alternate({ rounds: 1, count }, variants);
    const { launch, http, publish, deliver } = await alternate({ rounds: quick ? 1 : 5, count }, variants);
    caller.close();
    const floor = addFigures(http, publish, publish, deliver);
    return {
      title: "PUT to launched",
      text,
      rows: [buildRatio("one client", [launch, floor], { unit: "ms", aim })],
    };
  } finally {
    agent.destroy();
    await stage.close();
  }
}

async function timeLaunch(caller: Caller, runner: Child): Promise<number> {
  const { runId, sentAt } = await caller.put();
  const at = BigInt(readText(await runner.ask({ what: "launched", runId }), "at"));
  return Number(at - sentAt) / 1e6;
}
