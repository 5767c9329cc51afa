import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { keyFileVariables, probeVariables } from "../../adapters/agent/config.ts";
import { brokerVariables } from "../../adapters/node/config.ts";
import { metricsVariables } from "../../adapters/node/metrics/config.ts";
import { tracingVariables } from "../../adapters/node/tracing/config.ts";
import { agentVariables } from "../../k8s-agent/config.ts";
import { frontDoorVariables } from "../../src/config.ts";

test("docs/configuration.md names every variable that a program reads", async () => {
  const text = await readFile(new URL("../../docs/configuration.md", import.meta.url), "utf8");
  const variables = {
    ...frontDoorVariables,
    ...agentVariables,
    ...brokerVariables,
    ...metricsVariables,
    ...tracingVariables,
    ...keyFileVariables,
    ...probeVariables,
  };
  expect(Object.keys(variables).filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
});
