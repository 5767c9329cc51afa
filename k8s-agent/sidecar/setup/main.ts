/**
 * The first helper as a program: an init container. Exits with 0 when main may run; else with 1, and its report
 * (messages/setup-report.ts) says why. SIGTERM ends it at once.
 */
import { termination } from "../termination.ts";
import { exchangeDirectory, scratchDirectory, setupSpec, terminationLog, workspace } from "../mounts.ts";
import { carryOutSetup } from "./carry-out-setup.ts";

process.exitCode = await carryOutSetup({
  specFile: `${setupSpec.directory}/${setupSpec.file}`,
  reportFile: terminationLog,
  sharedDirectory: `${workspace.directory}/${workspace.name}`,
  exchangeDirectory,
  scratchDirectory,
  termination,
  log: console.log,
});
