/** `deno task start`: the front door on Deno, over NATS. By TCP, as Deno's WebSocket stalls for 40 ms now and then. */
import { resolve } from "node:path";
import process from "node:process";
import { createConsoleLogger } from "../../src/log.ts";
import { readNodeConfig, type NodeConfig } from "../node/config.ts";
import { openFrontDoor } from "../node/front-door.ts";
import { runProgram, type Program } from "../node/run.ts";

/** Requests that are under way are waited for this long when the server stops. */
const patienceMilliseconds = 3000;

await runProgram(await readNodeConfig(process.env, resolve(".local")), start);

async function start(config: NodeConfig): Promise<Program> {
  const write = (line: string) => console.error(line);
  const logger = createConsoleLogger({ write, now: () => new Date(), level: config.LOG_LEVEL });
  const { app, bus } = await openFrontDoor(config, logger);
  const server = Deno.serve({ hostname: config.HOST, port: config.PORT, onListen: announce }, (request) =>
    app.fetch(normalizeUrl(request)),
  );
  return {
    failed: new Promise(() => {}),
    async stop() {
      const patience = new Promise((resolve) => setTimeout(resolve, patienceMilliseconds));
      await Promise.race([server.shutdown(), patience]);
      await bus.close();
    },
  };
}

function announce({ hostname, port }: { hostname: string; port: number }): void {
  const url = `http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
  console.log(`Container Driver's front door listens on ${url} (API: ${url}/docs/spec.json); Ctrl-C stops it`);
}

/** Deno passes the path on as it was sent; the other runtimes, as the URL standard has it, take `..` and the like out of it. */
function normalizeUrl(request: Request): Request {
  const { href } = new URL(request.url);
  return href === request.url ? request : new Request(href, request);
}
