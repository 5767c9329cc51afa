/**
 * The second helper as a program: a native sidecar, which gets SIGTERM when main has ended. Its only argument is the run's
 * action. Prints one line, sealed, and exits with 0; with 1 and a word on stderr where that can't be done.
 *
 * A sidecar that ends is started again. So nothing is remembered: each time the same files give the same line.
 */
import { termination } from "../termination.ts";
import { collect } from "./collect.ts";
import { collectorKey, exchangeDirectory } from "../mounts.ts";
import { tellReadiness } from "./readiness.ts";

tellReadiness();

process.exitCode = await collect({
  action: process.argv[2] ?? "",
  keyFile: `${collectorKey.directory}/${collectorKey.file}`,
  exchangeDirectory,
  termination,
  output: process.stdout,
  logError: console.error,
});
