/** The commands, their options and their help. What they do is loaded when they are called. */
import { Command, CommanderError } from "commander";
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
    .option("--token-file <file>", "file with the bearer token (default: $CONTAINER_DRIVER_TOKEN)")
    .option("--json", "JSON for programs: a line for each thing where there are many")
    .option("--no-color", "no colours; NO_COLOR does the same")
    .configureHelp({ showGlobalOptions: true })
    .addHelpText("after", exitCodesHelp)
    .exitOverride();
  addRun(program, perform);
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
    .action(async (_options, command: Command) => {
      const { run } = await import("./commands/run.ts");
      await perform(command.optsWithGlobals(), (context) => run(command.optsWithGlobals(), context));
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
