/** `npm run broker:start`: runs the broker that `npm run broker:init` has made, in the foreground. */
import { spawn } from "node:child_process";
import { resolve } from "node:path";
import { getBrokerPaths, readBroker } from "./broker-files.ts";
import { findNatsServer } from "./nats-server.ts";
import { runScript } from "./run-script.ts";

const help = `Runs the broker that npm run broker:init has made, in the foreground.

    npm run broker:start -- [--directory <path>]

    --directory <path>  where the broker's files are            (.local)`;

const options = { directory: { type: "string", default: ".local" } } as const;

await runScript({ help, options }, async ({ values }) => {
  const directory = resolve(values.directory);
  await readBroker(directory);
  const server = spawn(await findNatsServer(), ["-c", getBrokerPaths(directory).serverConf], { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => server.kill(signal));
  server.on("exit", (code) => {
    process.exitCode = code ?? 1;
  });
});
