/**
 * An agent that launches a run and reads its log until somebody kills it. Arguments: the runs' directory, and how far it
 * goes before it waits for its end (`launched`, or a number of bytes of the log). The run comes on stdin.
 */
import * as v from "valibot";
import { createLocalLauncher } from "../../k8s-agent/local/local-launcher.ts";
import { ContainerInputs } from "../../src/contract/container/inputs.ts";
import { decodeMessage } from "../../src/contract/decode.ts";
import { RunOrder } from "../../src/contract/run.ts";

const [directory = "", bytes = "0"] = process.argv.slice(2);
const chunks: Buffer[] = [];
for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
const decoded = decodeMessage(v.object({ order: RunOrder, inputs: ContainerInputs }), Buffer.concat(chunks));
if (!decoded.ok) throw new Error(decoded.problem);
const run = decoded.value;

const launcher = createLocalLauncher({ directory, logger: console });
const { kind } = await launcher.launch(run);
let read = 0;
const signal = AbortSignal.timeout(60_000);
if (bytes !== "0") {
  for await (const piece of launcher.readLog(run.order.runId, { from: undefined, signal })) {
    read += piece.bytes.length;
    if (read >= Number(bytes)) break;
  }
}
console.log(`${kind} ${read}`);
for await (const _ of launcher.watch(run.order.runId, { signal })) continue;
