/** The commands, their options and their help. What they do is loaded when they are called. */
import { Command, CommanderError } from "commander";
import { version } from "../node/version.ts";
import type { Context, GlobalOptions } from "./context.ts";
import { exitCodes, type ExitCode } from "./exit-codes.ts";

/** Resolves with the exit code; rejects with what ended the command. */
export async function runProgram(argv: readonly string[], signal: AbortSignal): Promise<number> {
  let exitCode: number = exitCodes.succeeded;
  const program = buildProgram(async (options, act) => {
    const { createContext } = await import("./context.ts");
    exitCode = await act(await createContext(options, signal));
  });
  try {
    await program.parseAsync(argv);
    return exitCode;
  } catch (error) {
    // It has been said already, with the usage.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.succeeded : exitCodes.usage;
    throw error;
  }
}

type Perform = (options: GlobalOptions, act: (context: Context) => Promise<ExitCode>) => Promise<void>;

const exitCodesHelp = `
Exit codes: 0 it went well; 1 the run failed, or there is no such thing; 2 wrong usage; 3 the server can't be reached or
doesn't allow it; 130 interrupted: a run goes on.

Environment: CONTAINER_DRIVER_URL, CONTAINER_DRIVER_TOKEN, NO_COLOR.`;

function buildProgram(perform: Perform): Command {
  const program = new Command("container-driver")
    .description("Runs containers as resource drivers, and shows what they do.")
    .option("--url <url>", "the server (default: $CONTAINER_DRIVER_URL, or http://127.0.0.1:8787)")
    .option(
      "--token-file <file>",
      "file with the bearer token (default: none; $CONTAINER_DRIVER_TOKEN holds the token itself)",
    )
    .option("--json", "JSON for programs: a line for each thing where there are many")
    .option("--no-color", "no colours; NO_COLOR does the same")
    .configureHelp({ showGlobalOptions: true })
    .version(version)
    .addHelpText("after", exitCodesHelp)
    .exitOverride();
  addRun(program, perform);
  addLists(program, perform);
  addStreams(program, perform);
  addOneRun(program, perform);
  addConform(program, perform);
  return program;
}

function addRun(program: Command, perform: Perform): void {
  program
    .command("run")
    .description("send a driver request, show its run live, print its outputs")
    .option("-f, --file <file>", "the request, YAML or JSON; - is standard input")
    .option("--guresid <id>", "the resource; left out: one of its own for each file")
    .option("--driver <name>", "the driver that it is sent to", "container")
    .option("--destroy", "destroy the resource")
    .option("--show-secrets", "print secret outputs, too")
    .option("--watch", "send it again whenever the file changes")
    .action(async (options: { watch?: boolean }, command: Command) => {
      const act =
        options.watch === true
          ? (await import("./commands/run-on-change.ts")).runOnChange
          : (await import("./commands/run.ts")).run;
      await perform(command.optsWithGlobals(), (context) => act(command.optsWithGlobals(), context));
    });
}

function addLists(program: Command, perform: Perform): void {
  program
    .command("runs")
    .description("list runs, newest first")
    .option("--cluster <name>", "on this cluster")
    .option("--driver <name>", "of this driver")
    .option("--guresid <id>", "of this resource")
    .option("--status <status>", "requested, accepted, starting, running, collecting, succeeded, failed or cancelled")
    .option("--since <time>", "requested since then: 90s, 10m, 2h, 3d, or ISO 8601")
    .option("--limit <count>", "at most so many", "50")
    .action(async (_options: unknown, command: Command) => {
      const { showRuns } = await import("./commands/runs.ts");
      await perform(command.optsWithGlobals(), (context) => showRuns(command.optsWithGlobals(), context));
    });
  program
    .command("clusters")
    .description("list clusters and their agents")
    .action(async (_options: unknown, command: Command) => {
      const { showClusters } = await import("./commands/clusters.ts");
      await perform(command.optsWithGlobals(), showClusters);
    });
}

function addStreams(program: Command, perform: Perform): void {
  program
    .command("logs")
    .description("print what a run's container printed")
    .argument("<run>", "its id")
    .option("-f, --follow", "go on until it has ended")
    .option("--tail <lines>", "only the last lines")
    .option("--raw", "as it was printed, even where that moves the cursor")
    .action(async (run: string, _options: unknown, command: Command) => {
      const { showLogs } = await import("./commands/logs.ts");
      await perform(command.optsWithGlobals(), (context) => showLogs(run, command.optsWithGlobals(), context));
    });
  program
    .command("events")
    .description("print what happens to runs")
    .argument("[run]", "only to this one")
    .option("-f, --follow", "go on with what happens next")
    .option(
      "--since <time>",
      "from then on: 90s, 10m, 2h, 3d, or ISO 8601; left out: the last hour, with -f from now on",
    )
    .action(async (run: string | undefined, _options: unknown, command: Command) => {
      const { showEvents } = await import("./commands/events.ts");
      await perform(command.optsWithGlobals(), (context) => showEvents(run, command.optsWithGlobals(), context));
    });
}

function addOneRun(program: Command, perform: Perform): void {
  program
    .command("cancel")
    .description("stop a run")
    .argument("<run>", "its id")
    .option("--wait", "show it until it has ended")
    .action(async (run: string, _options: unknown, command: Command) => {
      const { cancel } = await import("./commands/cancel.ts");
      await perform(command.optsWithGlobals(), (context) => cancel(run, command.optsWithGlobals(), context));
    });
  program
    .command("explain")
    .description("say what became of a run, why, and what to do about it")
    .argument("<run>", "its id")
    .action(async (run: string, _options: unknown, command: Command) => {
      const { explain } = await import("./commands/explain.ts");
      await perform(command.optsWithGlobals(), (context) => explain(run, context));
    });
}

function addConform(program: Command, perform: Perform): void {
  program
    .command("conform")
    .description("try a container out against the contract: create, update, destroy, failure, no root, read-only root")
    .argument("<image or directory>", "a directory's files are sent as the request's files")
    .argument("[command...]", "after --: what runs in it; left out: what the request says, or run.sh")
    .option("-f, --file <file>", "the request to try it with, YAML or JSON")
    .option("--update <file>", "the same resource with other inputs")
    .option("--broken <file>", "inputs that it must fail with; left out: none at all")
    .option("--timeout <seconds>", "for each run", "600")
    .option("--verbose", "show what it prints")
    .action(async (target: string, words: string[], _options: unknown, command: Command) => {
      const { conformCommand } = await import("./commands/conform.ts");
      await perform(command.optsWithGlobals(), (context) =>
        conformCommand([target, ...words], command.optsWithGlobals(), context),
      );
    });
}
