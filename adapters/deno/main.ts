/** `deno task start`: the front door on Deno, over NATS. */
import { resolve } from "node:path";
import process from "node:process";
import { createLazyBus } from "../../src/bus/lazy-bus.ts";
import { createNatsBus } from "../../src/bus/nats/nats-bus.ts";
import { createFrontDoor } from "../../src/front-door.ts";
import { createConsoleLogger } from "../../src/log.ts";
import { readNodeConfig } from "../node/config.ts";
import { connectNats } from "../node/nats-connection.ts";
import { version } from "../node/version.ts";

const now = () => new Date();
const config = await readNodeConfig(process.env, resolve(".local"));
if (!config.ok) stopStarting(config.problem);
const { HOST, PORT, LOG_LEVEL, NATS_URL, NATS_CREDENTIALS } = config.value;
const logger = createConsoleLogger({ write: (line) => console.error(line), now, level: LOG_LEVEL });
// Over TCP: Deno's WebSocket stalls for 40 ms now and then.
const connection = { url: NATS_URL, credentialsFile: NATS_CREDENTIALS, name: "front-door", logger };
const bus = createLazyBus({
  open: async () => createNatsBus({ connection: await connectNats(connection) }),
  patienceMilliseconds: 900,
});
const app = await createFrontDoor({ config: config.value, bus, logger, now, version });
if (!app.ok) stopStarting(app.problem);

const server = Deno.serve(
  {
    hostname: HOST,
    port: PORT,
    onListen: ({ hostname, port }) =>
      console.log(
        `Container Driver's front door listens on http://${hostname}:${port} (API: /docs/spec.json); Ctrl-C stops it`,
      ),
  },
  app.value.fetch,
);
for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, () => void stop());

async function stop(): Promise<never> {
  await server.shutdown();
  await bus.close();
  Deno.exit(0);
}

function stopStarting(problem: string): never {
  console.error(`Cannot start: ${problem}`);
  Deno.exit(2);
}
