/** The command `container-driver`. What a command needs is only loaded when it is used: --help is there at once. */
import { exitCodes, Stop } from "./exit-codes.ts";
import { runProgram } from "./program.ts";

// For our own start alone: what we start has caches of its own.
delete process.env["NODE_COMPILE_CACHE"];

// `container-driver runs | head -1`: whoever read has had enough, as with SIGPIPE.
for (const stream of [process.stdout, process.stderr])
  stream.on("error", (error) => process.exit("code" in error && error.code === "EPIPE" ? 141 : exitCodes.failed));

const interrupt = new AbortController();
// Once: a second Ctrl-C ends the process as it always does.
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => interrupt.abort());

try {
  process.exitCode = await runProgram(process.argv, interrupt.signal);
} catch (error) {
  process.exitCode = await explainEnd(error);
}

async function explainEnd(error: unknown): Promise<number> {
  if (interrupt.signal.aborted) return exitCodes.interrupted;
  const { cleanText } = await import("../../src/runs/words/safe-text.ts");
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`${cleanText(message, { colour: false }).trimEnd()}\n`);
  if (error instanceof Stop) return error.exitCode;
  if (process.env["CONTAINER_DRIVER_DEBUG"] && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  return exitCodes.failed;
}
