/**
 * Canaries in a cluster: a secret in every place that a request has for one, said aloud by main in every way it can, is looked
 * for in every object that the API server has of the run's namespace, in what the helpers and the agent print, and in all
 * that the broker holds. Only the run's own Secret has them.
 */
import { randomBytes } from "node:crypto";
import { jetstreamManager } from "@nats-io/jetstream";
import * as v from "valibot";
import { expect, test } from "vitest";
import { containers } from "../../../k8s-agent/job/names.ts";
import { check } from "../../../src/contract/decode.ts";
import { isJsonObject, parseJson, stringifyJson } from "../../../src/contract/json.ts";
import { createGuresid, readMessage, readSecrets, readText } from "../../support/driver-client.ts";
import { readLog, readRunId } from "../../support/story.ts";
import { cluster } from "../../faults/stage.ts";
import type { ApiProxy } from "../support/api-proxy.ts";
import { openFaultStage, type FaultStage } from "./fault-stage.ts";
import { buildPodRequest } from "./pod-run.ts";

const names = ["account", "variable", "file", "password", "output"] as const;
type Canaries = Readonly<Record<(typeof names)[number], string>>;

function makeCanaries(): Canaries {
  const make = (name: string) => `canary-${name}-${randomBytes(9).toString("hex")}`;
  const [account, variable, file, password, output] = names.map(make) as [string, string, string, string, string];
  return { account, variable, file, password, output };
}

/** Every form in which one would be found, wherever in a text it stood before that was encoded. */
function listForms(canary: string): string[] {
  const inside = [0, 1, 2].map((shift) => {
    const form = Buffer.from(`${"-".repeat(shift)}${canary}`).toString("base64");
    return form.slice(shift === 0 ? 0 : 4, -4);
  });
  return [canary, Buffer.from(canary).toString("hex"), ...inside];
}

/** What is found where, in words; empty when all is well. */
function findCanaries(canaries: Canaries, places: ReadonlyMap<string, string>): string[] {
  const forms = Object.values(canaries).flatMap(listForms);
  return [...places].flatMap(([place, text]) =>
    forms.filter((form) => text.includes(form)).map((form) => `${form} in ${place}`),
  );
}

const Discovered = v.object({
  resources: v.array(v.object({ name: v.string(), namespaced: v.boolean(), verbs: v.array(v.string()) })),
});
const Groups = v.object({ groups: v.array(v.object({ preferredVersion: v.object({ groupVersion: v.string() }) })) });
const List = v.object({ items: v.array(v.looseObject({ metadata: v.object({ name: v.string() }) })) });

/** All that there is in the namespace, of every kind that the server knows, by `<kind>/<name>`. */
async function dumpNamespace(api: ApiProxy, namespace: string): Promise<Map<string, string>> {
  const server = api.kubeConfig.getCurrentCluster()?.server ?? "";
  const ask = async <S extends v.GenericSchema>(path: string, schema: S): Promise<v.InferOutput<S>> => {
    const parsed = parseJson(await (await fetch(server + path)).text(), 200);
    const found = parsed.ok ? check(schema, parsed.value) : parsed;
    if (!found.ok) throw new Error(`Cannot read ${path}: ${found.problem}`);
    return found.value;
  };
  const { groups } = await ask("/apis", Groups);
  const versions = ["/api/v1", ...groups.map(({ preferredVersion }) => `/apis/${preferredVersion.groupVersion}`)];
  const objects = new Map<string, string>();
  for (const version of versions) {
    const { resources } = await ask(version, Discovered);
    for (const { name } of resources.filter(({ namespaced, verbs }) => namespaced && verbs.includes("list"))) {
      const { items } = await ask(`${version}/namespaces/${namespace}/${name}`, List);
      for (const item of items) objects.set(`${name}/${item.metadata.name}`, stringifyJson(item));
    }
  }
  return objects;
}

/** Every message of every stream, subjects and headers included. */
async function dumpBroker({ connection }: FaultStage): Promise<Map<string, string>> {
  const { streams } = await jetstreamManager(connection);
  const messages = new Map<string, string>();
  for await (const { config, state } of streams.list()) {
    for (let seq = Math.max(state.first_seq, 1); seq <= state.last_seq; seq += 1) {
      const message = await streams.getMessage(config.name, { seq });
      // One that a later one has replaced.
      if (message === null) continue;
      const { subject, data, header } = message;
      const text = Buffer.from(data).toString("latin1");
      messages.set(`${config.name} ${seq}`, [subject, stringifyJson([...header]), text].join("\n"));
    }
  }
  return messages;
}

function buildCanaryRequest(canaries: Canaries, script: string) {
  return buildPodRequest(
    `set +e; trap 'exit 143' TERM
    cat secrets/key.pem; printf '%s\\n' "$VARIABLE" "$ACCOUNT" >&2; cat tf.json; env
    for word in "$VARIABLE" "$ACCOUNT"; do printf '%s' "$word" | base64; done
    printf '%s %s' "$VARIABLE" "$(cat secrets/key.pem)" > "$ERROR_FILE"
    printf '{"secret": "%s"}' "${canaries.output.split("").join('""')}" > "$SECRET_OUTPUTS_FILE"
    ${script}`,
    {
      values: {
        append_logs_to_error: true,
        credentials_config: {
          environment: { ACCOUNT: "key" },
          script_variables: { variables: { key: "key" }, file: "tf.json" },
        },
      },
      secrets: {
        account: { key: canaries.account },
        job: { variables: { VARIABLE: canaries.variable } },
        files: { "secrets/key.pem": canaries.file },
      },
    },
  );
}

/** Its code can't be had; git is told the password, and has something to say. */
function buildUnreachable(canaries: Canaries, url: string) {
  const request = buildPodRequest("exit 0", { secrets: { source: { password: canaries.password } } });
  return {
    ...request,
    driver: { ...request.driver, values: { ...request.driver.values, source: { url, username: "robot" } } },
  };
}

test("a secret is in no object of the API but its run's own Secret, in no log and in no event", async (context) => {
  const stage = await openFaultStage(context);
  const { witness, place, bus } = stage;
  const { core, namespace } = place;
  const [api, driver, agent] = await Promise.all([
    stage.startApiProxy(),
    stage.openFrontDoor(),
    // What fails is kept to be looked at.
    stage.startAgent({ environment: { KEEP_FAILED_SECONDS: "600", LOG_LEVEL: "debug" } }),
  ]);
  const canaries = makeCanaries();
  const leaks: string[] = [];
  const look = (places: ReadonlyMap<string, string>) => leaks.push(...findCanaries(canaries, places));
  /** Looks at everything but the Secrets of these runs, which must have them. */
  const lookAround = async (...runIds: string[]) => {
    const objects = await dumpNamespace(api, namespace);
    for (const runId of runIds) {
      const own = objects.get(`secrets/run-${runId}`) ?? expect.unreachable();
      expect(readSecret(own)).toContain("canary-");
      expect(objects.has(`jobs/run-${runId}`)).toBe(true);
      objects.delete(`secrets/run-${runId}`);
    }
    look(objects);
  };

  const good = buildCanaryRequest(canaries, `${witness.tell("here", "$(hostname)")}; ${witness.hold("go")}`);
  const guresid = createGuresid();
  const goodId = readRunId(await driver.put(guresid, good));
  const pod = (await witness.await("here")).trim();
  await lookAround(goodId);
  for (const container of [containers.setup, containers.collector])
    look(new Map([[container, await core.readNamespacedPodLog({ namespace, name: pod, container })]]));
  await witness.write("go");
  const succeeded = await driver.provision(guresid, good);
  expect(readSecrets(succeeded)).toEqual({ secret: canaries.output });

  const [failed, unreachable] = await Promise.all([
    driver.provision(createGuresid(), buildCanaryRequest(canaries, "exit 3")),
    driver.provision(createGuresid(), buildUnreachable(canaries, `${witness.path.replace("http:", "https:")}/app.git`)),
  ]);
  look(new Map([["the answer", readMessage(failed) + readMessage(unreachable)]]));
  await lookAround(readRunId(failed), readRunId(unreachable));
  for (const answer of [succeeded, failed])
    expect(await readLog(bus, { cluster, runId: readRunId(answer) })).toMatch(/\*{3}|\[/);
  look(new Map([["the agent's own log", agent.output()]]));
  look(await dumpBroker(stage));
  expect(leaks).toEqual([]);
});

/** What a Secret has, decoded. */
function readSecret(json: string): string {
  const parsed = parseJson(json, 200);
  const data = parsed.ok && isJsonObject(parsed.value) ? parsed.value["data"] : undefined;
  return Object.values(isJsonObject(data) ? data : {})
    .map((value) => Buffer.from(readText(value), "base64").toString())
    .join("\n");
}
