import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { keyFileVariables, probeVariables } from "../../adapters/agent/config.ts";
import { brokerVariables } from "../../adapters/node/config.ts";
import { metricsVariables } from "../../adapters/node/metrics/config.ts";
import { tracingVariables } from "../../adapters/node/tracing/config.ts";
import { agentVariables } from "../../k8s-agent/config.ts";
import { frontDoorVariables } from "../../src/config.ts";
import { limits } from "../../src/contract/limits.ts";
import { parseJson } from "../../src/contract/json.ts";
import { defaultJwksAlgorithms, signatureAlgorithms } from "../../src/middleware/authenticate/algorithms.ts";
import { AuthenticationConfig, parseAuthenticationConfig } from "../../src/middleware/authenticate/config.ts";
import { createJwtVerifier } from "../../src/middleware/authenticate/jwt.ts";

const text = await readFile(new URL("../../docs/configuration.md", import.meta.url), "utf8");

test("docs/configuration.md names every variable that a program reads", () => {
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

describe("what docs/configuration.md says of AUTHENTICATION", () => {
  const [, section = ""] = text.split(/^### (?=`AUTHENTICATION`|Rights)/m);
  const examples = [...text.matchAll(/```json\n([^]*?)```/g)].map(([, json = ""]) => json);

  test("its examples can be used", async () => {
    expect(examples.length).toBe(3);
    const configs = examples.map((json) => {
      // Hashes of tokens are left out.
      const parsed = parseJson(json.replaceAll('"…"', `"${"0".repeat(64)}"`));
      return parsed.ok ? parseAuthenticationConfig(parsed.value) : parsed;
    });
    for (const config of configs) expect(config).toMatchObject({ ok: true });
    const { jwt } = configs[1]?.ok === true ? configs[1].value : {};
    expect(jwt?.keys).toHaveLength(2);
    expect(jwt && (await createJwtVerifier(jwt, { now: () => new Date() }))).toMatchObject({ ok: true });
  });

  test("it names all that can be configured, and which algorithms there are", () => {
    const { tokens, jwt, orchestrator } = AuthenticationConfig.pipe[1].entries;
    const rights = ["may", "clusters", "drivers"];
    const keys = [
      ...Object.keys({ tokens, jwt, orchestrator }),
      ...Object.keys(tokens.wrapped.pipe[0].item.entries),
      ...Object.keys(jwt.wrapped.pipe[0].entries),
      ...Object.keys(orchestrator.wrapped.entries),
    ].filter((key) => !rights.includes(key));
    const named = keys.map((key) => (key === "jwks" ? "jwks.url" : key));
    expect(named.filter((key) => !section.includes(`\`${key}\``))).toEqual([]);
    const row = /`jwks.algorithms` +\|[^|]*/.exec(section)?.[0] ?? "";
    const [defaults = "", others = ""] = row.split("Also known");
    const list = (part: string) => [...part.matchAll(/`([A-Z][A-Za-z0-9]+)`/g)].map(([, name = ""]) => name);
    expect(list(defaults)).toEqual(defaultJwksAlgorithms);
    expect([...list(defaults), ...list(others)].toSorted()).toEqual(signatureAlgorithms.toSorted());
    expect(section).toContain(`more than ${limits.bearerTokenBytes / 1024} KiB`);
  });
});
