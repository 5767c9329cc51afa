import { once } from "node:events";
import { Agent, request, type IncomingMessage } from "node:http";
import { publishFinishedRuns } from "../finished-runs.ts";
import { alternate } from "../interleave.ts";
import { buildRatio, type BenchOptions, type SectionReport } from "../report.ts";
import { openStage, type Stage } from "../stage.ts";

const few = 100;

const buildText = (
  many: string,
) => `From before \`GET /runs\` is sent until its answer's first byte has come, over a kept connection, median of a round: where ${many} runs have
finished, as a ratio to where ${few} have. Each has a nats-server that writes to files and a front door, as it is deployed, of its own; a run has
six events. They are asked in turns. An answer has the newest 50 runs.`;

/** The first byte of a list of runs, after many and after few. */
export async function measureRunLists({ quick, say }: BenchOptions): Promise<SectionReport> {
  const many = quick ? 2_000 : 100_000;
  const stages = await Promise.all([openStage(), openStage()]);
  const agent = new Agent({ keepAlive: true });
  try {
    say(`run lists: ${many} runs and ${few}`);
    const [a, b] = await Promise.all([prepare(stages[0], many), prepare(stages[1], few)]);
    const variants = {
      many: () => timeFirstByte(a, { agent, authorization: stages[0].tokens.fixed }),
      few: () => timeFirstByte(b, { agent, authorization: stages[1].tokens.fixed }),
    };
    await alternate({ rounds: 1, count: quick ? 5 : 50 }, variants);
    const figures = await alternate({ rounds: quick ? 2 : 10, count: quick ? 10 : 50 }, variants);
    const name = many.toLocaleString("en-GB");
    return {
      title: `First byte of /runs after ${name} runs`,
      text: buildText(name),
      rows: [
        buildRatio(`after ${name} runs, against after ${few}`, [figures.many, figures.few], {
          unit: "ms",
          aim: { kind: "at most", value: 1.2 },
        }),
      ],
    };
  } finally {
    agent.destroy();
    for (const stage of stages) await stage.close();
  }
}

/** Answers with the front door's URL. */
async function prepare(stage: Stage, runs: number): Promise<string> {
  await publishFinishedRuns(stage.connection, runs);
  return stage.startFrontDoor();
}

/** Milliseconds; the rest of the answer is read, too. */
async function timeFirstByte(
  url: string,
  { agent, authorization }: { agent: Agent; authorization: string },
): Promise<number> {
  const start = performance.now();
  const outgoing = request(`${url}/runs`, { agent, headers: { authorization } });
  outgoing.end();
  const [incoming] = (await once(outgoing, "response")) as [IncomingMessage];
  let first: number | undefined;
  let bytes = 0;
  for await (const piece of incoming as AsyncIterable<Buffer>) {
    first ??= performance.now();
    bytes += piece.length;
  }
  if (incoming.statusCode !== 200 || first === undefined || bytes < 5_000)
    throw new Error(`Cannot measure a list: ${incoming.statusCode} with ${bytes} bytes`);
  return first - start;
}
