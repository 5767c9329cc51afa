/** `npm run agent`: the agent of a cluster, with connections outwards only. Any number of replicas share a cluster. */
import { randomBytes } from "node:crypto";
import { hostname, tmpdir, userInfo } from "node:os";
import { join, resolve } from "node:path";
import { createLocalLauncher } from "../../k8s-agent/local/local-launcher.ts";
import { agentVariables } from "../../k8s-agent/config.ts";
import type { Launcher } from "../../k8s-agent/launch/launcher.ts";
import { startAgent } from "../../k8s-agent/main.ts";
import { createNatsBus } from "../../src/bus/nats/nats-bus.ts";
import { frontDoorVariables } from "../../src/config.ts";
import { readVariables } from "../../src/contract/variables.ts";
import type { Logger } from "../../src/log.ts";
import { loadAgentKeys } from "../node/agent-keys.ts";
import { brokerVariables } from "../node/config.ts";
import { createLogger } from "../node/logger.ts";
import { connectNats } from "../node/nats-connection.ts";
import { demand, runProgram, type Program } from "../node/run.ts";

const { LOG_LEVEL } = frontDoorVariables;
const config = readVariables({ ...agentVariables, ...brokerVariables, LOG_LEVEL }, process.env);
type AgentConfig = Extract<typeof config, { ok: true }>["value"];

await runProgram(config, start);

async function start(config: AgentConfig): Promise<Program> {
  const logger = createLogger(config.LOG_LEVEL);
  // Unlike any other replica's, also on one host, and new at each start: a restarted replica is another holder of leases.
  const name = `${hostname()
    .toLowerCase()
    .replace(/[^a-z0-9-]/g, "-")
    .slice(0, 40)}-${randomBytes(4).toString("hex")}`;
  const keys = demand(await loadAgentKeys(resolve(".local"), config.CLUSTER));
  const connection = await connectNats({
    url: config.NATS_URL,
    credentialsFile: config.NATS_CREDENTIALS,
    name,
    logger,
  });
  const bus = createNatsBus({ connection });
  const agent = startAgent({
    bus,
    launcher: await createLauncher(config, logger),
    keys,
    cluster: config.CLUSTER,
    agent: name,
    capacity: config.CAPACITY,
    graceSeconds: config.GRACE_SECONDS,
    logger,
    now: () => new Date(),
    random: Math.random,
  });
  console.log(`Agent ${name} of cluster ${config.CLUSTER} takes requests; Ctrl-C stops it, its runs go on`);
  return {
    failed: agent.failed,
    async stop() {
      await agent.stop();
      await bus.close();
      await connection.close();
    },
  };
}

async function createLauncher({ LAUNCHER, RUNS_DIRECTORY, CLUSTER }: AgentConfig, logger: Logger): Promise<Launcher> {
  if (LAUNCHER === "kubernetes") throw new Error("Cannot use LAUNCHER=kubernetes: it is not built yet; use local");
  // The same for all replicas of a cluster on this machine: that is how one finds the runs of another that died.
  const directory =
    RUNS_DIRECTORY === "" ? join(tmpdir(), `container-driver-${userInfo().uid}-${CLUSTER}`) : RUNS_DIRECTORY;
  return createLocalLauncher({ directory, logger: logger.child({ component: "launcher" }) });
}
