import { readNumber } from "../child.ts";
import { createCaller, placeRuns, type Caller } from "../driver-caller.ts";
import type { BenchOptions, SectionReport } from "../report.ts";
import { openStage } from "../stage.ts";
import { computeSpread } from "../statistics.ts";

const aim = { kind: "at most", value: 48 } as const;

const text = `What a run that is under way costs the agent: its memory with all of them under way, less that with 50, by how many were added. Resident memory is what the operating system counts, after garbage was
collected; the heap, with buffers outside of it, is what is really held, without the room that a collector keeps. Each run has the request
of the other sections, its five secrets to be masked, a lease, a log that is followed and a launcher that does nothing until the end.
The agent's heap has the limits that Node gives it in its Deployment, where a container may have 1 GiB: on a machine with more memory a
collector is lazier, and keeps more room.`;

/** What Node makes of a container's limit of 1 GiB. */
const deployed = ["--max-old-space-size=512", "--max-semi-space-size=16"];

/** Memory per concurrent run. */
export async function measureMemory({ quick, say }: BenchOptions): Promise<SectionReport> {
  const runs = quick ? 200 : 2000;
  const resident: number[] = [];
  const held: number[] = [];
  for (let round = 0; round < (quick ? 1 : 3); round++) {
    say(`memory: ${runs} runs at once, round ${round + 1}`);
    const { rss, heap } = await measureOnce(runs);
    resident.push(rss);
    held.push(heap);
  }
  return {
    title: `Memory per concurrent run, at ${runs} runs`,
    text,
    rows: [
      { name: "resident", spread: computeSpread(resident), unit: "KiB", aim },
      { name: "heap and buffers", spread: computeSpread(held), unit: "KiB" },
    ],
  };
}

/** KiB per run. */
async function measureOnce(runs: number): Promise<{ rss: number; heap: number }> {
  const most = runs + 100;
  const stage = await openStage({ capacity: most });
  try {
    const caller: Caller = createCaller(await stage.startFrontDoor(), stage.tokens);
    const agent = stage.start("agent", { env: { RUNS: "hold" }, flags: ["--expose-gc", ...deployed] });
    await agent.next();
    await agent.ask({ what: "start", capacity: most });
    const fill = async (wanted: number, more: number) => {
      await placeRuns(caller, more);
      await agent.ask({ what: "wait-launched", runs: wanted });
      return agent.ask({ what: "memory" });
    };
    const before = await fill(50, 50);
    const after = await fill(50 + runs, runs);
    caller.close();
    const grown = (name: string) => (readNumber(after, name) - readNumber(before, name)) / runs / 1024;
    return { rss: grown("rss"), heap: grown("heapUsed") + grown("external") };
  } finally {
    await stage.close();
  }
}
