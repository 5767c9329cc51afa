/**
 * Who may import whom. Imports run one way: adapters -> src/app -> driver, runs, catalog -> contract -> valibot; the agent
 * comes into `src` by few doors only. Whoever adds a folder adds a row; whoever needs another way says why in review.
 */
import type { Rule, Rules } from "./check-imports.ts";

const errorsAndLog = ["src/errors.ts", "src/log.ts"];
const tracer = "src/tracer.ts";

/** The front door: Web-standard APIs only. */
const frontDoor: Rules = {
  "src/contract": { packages: ["valibot"] },
  "src/sealing": { may: ["src/contract"], packages: ["jose", "valibot"] },
  // The port and what its implementations share.
  "src/bus": { may: ["src/contract"], packages: ["valibot"] },
  "src/bus/memory": { may: ["src/bus", "src/contract"] },
  "src/bus/nats": { may: ["src/bus", "src/contract", "src/log.ts"], packages: ["@nats-io/", "valibot"] },
  "src/catalog": { may: ["src/contract", "src/docs/json-schema.ts"], packages: ["valibot"] },
  "src/docs": {
    may: ["src/contract", "src/catalog/driver.ts", "src/errors.ts", "src/docs/json-schema.ts"],
    packages: ["hono"],
  },
  // In a row of its own, so that the catalog can use it and it can't use the catalog.
  "src/docs/json-schema.ts": { may: ["src/contract"], packages: ["@valibot/to-json-schema", "valibot"] },
  "src/driver": {
    may: ["src/contract", "src/sealing", "src/bus/port.ts", "src/catalog/driver.ts", ...errorsAndLog, tracer],
    packages: ["hono", "ulid", "valibot"],
  },
  "src/runs": {
    may: ["src/contract", "src/sealing", "src/bus/port.ts", ...errorsAndLog],
    packages: ["hono", "valibot"],
  },
  // The pages, as text from the server; what they do in browsers has a folder of its own.
  "src/pages": {
    may: ["src/contract", "src/bus/port.ts", "src/runs", "src/middleware", "src/pages/generated", ...errorsAndLog],
    packages: ["hono", "valibot"],
  },
  "src/pages/generated": {},
  "src/pages/browser": {
    may: [
      "src/contract",
      "src/runs/words/**",
      "src/runs/apply-run-event.ts",
      "src/runs/stream/server-events.ts",
      "src/runs/stream/format-text.ts",
      "src/pages",
    ],
    packages: ["hono", "valibot"],
  },
  // Teams hear what they may read: the same events, without their sealed parts.
  "src/webhooks": {
    may: ["src/contract", "src/bus/port.ts", "src/bus/pause.ts", "src/runs/read-event.ts", "src/log.ts"],
    packages: ["valibot"],
  },
  "src/middleware": {
    may: ["src/contract", "src/sealing", ...errorsAndLog, tracer],
    packages: ["hono", "jose", "valibot"],
  },
  "src/errors.ts": { may: ["src/contract"], packages: ["hono"] },
  "src/log.ts": {},
  "src/tracer.ts": { may: ["src/contract"] },
  // Composition: app.ts, front-door.ts and config.ts. Which bus there is, adapters decide.
  "src/*": {
    may: [
      "src/contract",
      "src/sealing",
      "src/bus/port.ts",
      "src/catalog",
      "src/docs",
      "src/driver",
      "src/runs",
      "src/pages",
      "src/middleware",
      ...errorsAndLog,
      tracer,
    ],
    packages: ["hono", "valibot"],
  },
};

/** The agent's only doors into `src`. */
const doors = ["src/contract", "src/bus", "src/sealing", "src/log.ts", tracer];
const stage = (others: readonly string[] = [], packages: readonly string[] = []): Rule => ({
  may: [...doors, ...others],
  packages,
});

const kubernetes = ["node:", "@kubernetes/client-node", "valibot"];

/** Stages meet in main.ts and carry-out.ts; between them only what a row says. `launch` is the port: types alone. */
const agent: Rules = {
  "k8s-agent/*": {
    may: [
      ...doors,
      "package.json",
      ...["announce", "intake", "launch", "watch", "control", "logs", "redact", "collect", "report", "trace"].map(
        (name) => `k8s-agent/${name}`,
      ),
      "k8s-agent/recover",
      // Only what it reads from the environment.
      "k8s-agent/kubernetes/config.ts",
    ],
    packages: ["valibot"],
  },
  "k8s-agent/launch": { may: ["src/contract"] },
  "k8s-agent/announce": stage([], ["node:"]),
  "k8s-agent/intake": stage(),
  "k8s-agent/report": stage([], ["node:"]),
  "k8s-agent/redact": stage([], ["node:"]),
  "k8s-agent/logs": stage(["k8s-agent/launch", "k8s-agent/redact"], ["node:"]),
  // A measurement by hand, which rather belongs into scripts.
  "k8s-agent/logs/measure.ts": {
    may: ["src/bus/memory", "k8s-agent/launch", "k8s-agent/logs", "k8s-agent/redact"],
    packages: ["node:"],
  },
  // The log's tail in an error is cut like any log.
  "k8s-agent/collect": stage(["k8s-agent/launch", "k8s-agent/redact"]),
  // Who stopped a run, in the words that the outcome is decided by.
  "k8s-agent/watch": stage(["k8s-agent/launch", "k8s-agent/collect/decide-outcome.ts", "k8s-agent/report/backoff.ts"]),
  "k8s-agent/control": stage(),
  "k8s-agent/trace": stage([], ["node:"]),
  // Told by the stages through interfaces of theirs; no stage imports it.
  "k8s-agent/metrics": stage(
    ["k8s-agent/main.ts", "k8s-agent/logs", "k8s-agent/report", "k8s-agent/kubernetes/api"],
    ["prom-client"],
  ),
  "k8s-agent/recover": stage(["k8s-agent/launch", "k8s-agent/report/backoff.ts"]),
  "k8s-agent/sidecar": stage(["k8s-agent/launch", "k8s-agent/redact"], ["node:", "jose", "valibot"]),
  "k8s-agent/local": stage(["k8s-agent/launch", "k8s-agent/sidecar"], ["node:", "valibot"]),
  "k8s-agent/kubernetes": stage(
    [
      "k8s-agent/launch",
      "k8s-agent/job",
      "k8s-agent/sidecar",
      "k8s-agent/kubernetes/api",
      // Two stages read logs ahead, and bound it in the same way.
      "k8s-agent/logs/read-ahead-budget.ts",
    ],
    kubernetes,
  ),
  "k8s-agent/kubernetes/config.ts": { may: ["src/contract", "package.json"], packages: ["valibot"] },
  // The only folder that talks to the API server.
  "k8s-agent/kubernetes/api": stage(["k8s-agent/job"], [...kubernetes, "undici"]),
  // Pure: a run in, Kubernetes objects out.
  "k8s-agent/job": {
    may: ["src/contract", "k8s-agent/launch", "k8s-agent/sidecar/mounts.ts", "k8s-agent/sidecar/setup/spec.ts"],
    packages: ["@kubernetes/client-node", "valibot", "yaml"],
  },
};

/** Wiring, imported by nobody but tests and scripts. Node's pieces serve the runtimes that speak its API. */
const adapters: Rules = {
  "adapters/node": {
    may: ["src/**", "adapters/node/metrics", "adapters/node/tracing", "package.json"],
    packages: ["node:", "@hono/node-server", "@nats-io/", "hono", "pino", "valibot"],
  },
  // Loaded only where metrics are asked for.
  "adapters/node/metrics": {
    may: ["src/**", "adapters/node"],
    packages: ["@nats-io/nats-core", "prom-client", "valibot"],
  },
  // Loaded only where spans are asked for.
  "adapters/node/tracing": { may: ["src/**", "adapters/node"], packages: ["@opentelemetry/", "valibot"] },
  "adapters/deno": {
    may: ["src/**", "adapters/node", "adapters/node/metrics", "adapters/node/tracing"],
    packages: ["node:", "hono"],
  },
  "adapters/cloudflare": { may: ["src/**", "package.json"], packages: ["cloudflare:", "@nats-io/", "hono", "valibot"] },
  // The agent as a program: nothing of the front door but what both read from the environment.
  "adapters/agent": {
    may: [
      ...doors,
      "src/bus/nats",
      "src/config.ts",
      "adapters/node",
      "adapters/node/metrics",
      "adapters/node/tracing",
      "adapters/agent/metrics",
      "k8s-agent/**",
    ],
    packages: ["node:", "@kubernetes/client-node", "valibot"],
  },
  // Loaded only where metrics are asked for.
  "adapters/agent/metrics": {
    may: ["adapters/node", "adapters/node/metrics", "k8s-agent/main.ts", "k8s-agent/metrics"],
  },
  "adapters/webhooks": {
    may: ["src/**", "adapters/node", "adapters/node/metrics", "adapters/webhooks/metrics"],
    packages: ["node:", "valibot"],
  },
  "adapters/webhooks/metrics": {
    may: ["src/webhooks", "adapters/node", "adapters/node/metrics"],
    packages: ["prom-client"],
  },
  // The only place that imports both programs; it starts the agent as the agent's own adapter does.
  "adapters/standalone": {
    may: [
      "src/**",
      "adapters/node",
      "adapters/node/metrics",
      "adapters/node/tracing",
      "adapters/agent",
      "adapters/standalone/metrics",
      "k8s-agent/**",
    ],
    packages: ["node:", "valibot"],
  },
  // Loaded only where metrics are asked for.
  "adapters/standalone/metrics": {
    may: ["adapters/node", "adapters/node/metrics", "adapters/agent/metrics", "k8s-agent/metrics"],
  },
  // A client: the front door's schemas, and the agent's launcher for trying a container out on this machine.
  "adapters/cli": {
    may: ["src/**", "k8s-agent/**", "adapters/node", "adapters/agent"],
    packages: ["node:", "commander", "ulid", "valibot", "yaml"],
  },
};

const anything = ["src/**", "k8s-agent/**", "adapters/**", "test/**", "package.json"];

export const rules: Rules = {
  ...frontDoor,
  ...agent,
  ...adapters,
  // Measurements use the tests' servers and clients.
  scripts: {
    may: anything,
    packages: ["node:", "@kubernetes/client-node", "@nats-io/", "jose", "ulid", "valibot", "yaml"],
  },
  // What our framework reaches by itself is measured, too.
  "scripts/bench/programs/bare-app.ts": { may: ["adapters/node", "scripts"], packages: ["hono"] },
  "scripts/build-pages.ts": { packages: ["node:", "esbuild"] },
  "scripts/image": { may: [...anything, "scripts"], packages: ["node:", "esbuild"] },
  // Programs of others: they know nothing of ours.
  examples: { packages: ["node:", "@nats-io/transport-node"] },
  "vitest.config.ts": { packages: ["vitest"] },
  "vitest.cluster.config.ts": { may: ["vitest.config.ts"], packages: ["vitest"] },
};
