/** `npm run broker:init`: makes what a nats-server of our own needs, in `.local/broker`. */
import { resolve } from "node:path";
import { createBroker, saveBroker } from "./broker-accounts.ts";
import { buildServerConf, type Ports } from "./broker-conf.ts";
import { BrokerFile, getBrokerPaths, readJson, readText, writePrivate, type Step } from "./broker-files.ts";
import { brokerUsers, renewBrokerUser } from "./broker-users.ts";
import { withLock } from "./lock.ts";
import { runScript, showSteps } from "./run-script.ts";

async function initBroker(directory: string, ports: Ports): Promise<Step[]> {
  const paths = getBrokerPaths(directory);
  const known = await readJson(paths.broker, BrokerFile);
  const steps = await saveBroker(directory, known ?? createBroker());
  for (const user of brokerUsers) {
    const path = paths.credentials(user.name);
    if ((await readText(path)) === undefined) steps.push(await renewBrokerUser(directory, user));
    else steps.push({ what: path, outcome: "unchanged" });
  }
  // The operator's from then on: TLS and listeners differ from place to place.
  if ((await readText(paths.serverConf)) === undefined)
    steps.push(await writePrivate(paths.serverConf, buildServerConf(paths, ports)));
  else steps.push({ what: `${paths.serverConf} (yours to edit: ports are changed there)`, outcome: "unchanged" });
  return steps;
}

const help = `Makes what a nats-server of our own needs: accounts, credentials and a configuration, in .local/broker. What is there already
stays as it is, but for accounts, which are brought up to date.

    npm run broker:init -- [options]

    --port <n>            for clients                             (4222)
    --websocket-port <n>  for clients over WebSocket              (9222)
    --directory <path>    where the broker's files are            (.local)

npm run broker:start then runs it.`;

const options = {
  directory: { type: "string", default: ".local" },
  port: { type: "string", default: "4222" },
  "websocket-port": { type: "string", default: "9222" },
} as const;

await runScript({ help, options }, async ({ values }) => {
  const directory = resolve(values.directory);
  const ports = {
    client: readPort("port", values.port),
    webSocket: readPort("websocket-port", values["websocket-port"]),
  };
  showSteps(await withLock(directory, () => initBroker(directory, ports)));
});

function readPort(name: string, text: string): string {
  if (/^[1-9]\d{0,4}$/.test(text) && Number(text) <= 65_535) return text;
  throw new Error(`Cannot use --${name} ${text}: must be a port, 1 to 65535`);
}
