import { readNumber } from "../child.ts";
import { interleave } from "../interleave.ts";
import { buildRatio, type BenchOptions, type SectionReport } from "../report.ts";
import { openStage } from "../stage.ts";

const aim = { kind: "at least", value: 0.8 } as const;

const text = `MiB of log a second, from a launcher that has them at hand to the broker's acknowledgement: through redaction (ten secrets in
all their forms), into chunks under the fence. The ratio is to bare JetStream publishes of the same bytes in messages of 64 KiB from
the same process over the same connection. A run's chunks are stored one after the other, as each names the one before it, so
the first row compares with a publisher that waits for each acknowledgement, too; the second with one that has 16 on their way,
which no fenced log could have.`;

/** Logs through redaction and publishing. */
export async function measureLogs({ quick, say }: BenchOptions): Promise<SectionReport> {
  const stage = await openStage();
  try {
    const publisher = stage.start("logs");
    await publisher.next();
    say("logs: redacted and bare in turns");
    const mebibytes = quick ? 8 : 32;
    const ask = async (window: number) => readNumber(await publisher.ask({ mebibytes, window }), "rate");
    const variants = { ours: () => ask(0), bare: () => ask(1), pipelined: () => ask(16) };
    if (!quick) for (const variant of Object.values(variants)) await variant();
    const { ours, bare, pipelined } = await interleave(quick ? 1 : 5, variants);
    const unit = "MiB/s";
    return {
      title: "Logs: redaction and publishing",
      text,
      rows: [
        buildRatio("against one publish at a time", [ours, bare], { unit, aim }),
        buildRatio("against 16 at a time", [ours, pipelined], { unit }),
      ],
    };
  } finally {
    await stage.close();
  }
}
