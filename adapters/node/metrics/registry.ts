/** A program's metrics, as Prometheus reads them: with what every process has, under the names that Prometheus' own clients use. */
import { collectDefaultMetrics, Gauge, Registry } from "prom-client";

export interface ProgramDescription {
  readonly program: "front-door" | "agent" | "standalone" | "webhooks";
  readonly version: string;
}

export function createRegistry(description: ProgramDescription): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const info = new Gauge({
    name: "container_driver_build_info",
    help: "Always 1: which program of which version this is.",
    labelNames: ["program", "version"],
    registers: [registry],
  });
  info.set({ ...description }, 1);
  return registry;
}

export interface MetricsSource {
  /** Answers `/metrics`, and 404 to everything else. */
  fetch(request: Request): Promise<Response>;
}

export async function answerMetrics(request: Request, registry: Registry): Promise<Response> {
  if (new URL(request.url).pathname !== "/metrics") return new Response("There is /metrics\n", { status: 404 });
  return new Response(await registry.metrics(), { headers: { "Content-Type": registry.contentType } });
}
