import { readNumber } from "../child.ts";
import { createCaller, placeRuns } from "../driver-caller.ts";
import type { BenchOptions, SectionReport } from "../report.ts";
import { openStage } from "../stage.ts";
import { computeSpread } from "../statistics.ts";

const capacity = 100;

const text = `Runs a second, from the queue to the acknowledgement, through one agent with room for ${capacity} runs at once and a launcher
that does nothing: opened, accepted, launched, watched, its empty log ended, its end sealed and stored. They wait in the queue
before they are counted.`;

/** Runs per second through one agent. */
export async function measureThroughput({ quick, say }: BenchOptions): Promise<SectionReport> {
  const runs = quick ? 100 : 1000;
  const rates: number[] = [];
  for (let round = 0; round < (quick ? 1 : 3); round++) {
    say(`throughput: ${runs} runs, round ${round + 1}`);
    rates.push(await measureOnce(runs));
  }
  const row = { name: "one agent", spread: computeSpread(rates), unit: "runs/s" };
  return { title: "Runs through one agent", text, rows: [row] };
}

/** A broker and an agent of its own, so that no round has another one's leftovers. */
async function measureOnce(runs: number): Promise<number> {
  const stage = await openStage({ capacity });
  try {
    const caller = createCaller(await stage.startFrontDoor(), stage.tokens);
    await placeRuns(caller, runs);
    caller.close();
    const agent = stage.start("agent", { env: { RUNS: "end" } });
    await agent.next();
    await agent.ask({ what: "start", capacity });
    // The first ones find everything cold.
    await agent.ask({ what: "ended", runs: Math.round(runs / 4) });
    const answer = await agent.ask({ what: "ended", runs });
    return readNumber(answer, "runs") / readNumber(answer, "seconds");
  } finally {
    await stage.close();
  }
}
