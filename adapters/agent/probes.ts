/**
 * What a kubelet asks. `/alive`: the process answers; a broker or an API server that is away is waited for, and no restart
 * brings it back. `/ready`: requests can be taken and runs followed. Everybody may hear the answers.
 */
import type { MetricsSource } from "../node/metrics/registry.ts";
import { serveApp, type Served } from "../node/serve.ts";
import type { AgentBus } from "./agent-bus.ts";
import type { OpenLauncher } from "./open-launcher.ts";

export interface Probed {
  readonly launcher: Pick<OpenLauncher, "findProblem">;
  /** Undefined until the broker was found. */
  getBus(): Pick<AgentBus, "ping"> | undefined;
  /** Answers `/metrics` as well, where that has the same port. */
  readonly metrics?: MetricsSource | undefined;
}

/** Resolves when it listens, at once where there is no port to listen on; rejects where the port is taken. */
export async function serveProbes(port: number | undefined, probed: Probed): Promise<Pick<Served, "close">> {
  if (port === undefined) return { close: () => Promise.resolve() };
  // No host: all addresses, of IPv6 as well where there are such.
  return serveApp({ fetch: (request: Request) => answerProbe(request, probed) }, { host: "", port });
}

/** 200, or 503 with the reason. */
async function answerProbe(request: Request, probed: Probed): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (pathname === "/alive") return answer(200, "alive");
  if (pathname === "/metrics" && probed.metrics) return probed.metrics.fetch(request);
  if (pathname !== "/ready") return answer(404, "there are /alive and /ready");
  const problem = await findProblem(probed);
  return problem === undefined ? answer(200, "ready") : answer(503, problem);
}

async function findProblem({ launcher, getBus }: Probed): Promise<string | undefined> {
  const bus = getBus();
  if (bus === undefined) return "the broker was not found yet";
  try {
    await bus.ping();
  } catch {
    // Why, is in the log: an error may name addresses.
    return "the broker does not answer";
  }
  return launcher.findProblem();
}

function answer(status: number, text: string): Response {
  return new Response(`${text}\n`, { status, headers: { "Content-Type": "text/plain; charset=utf-8" } });
}
