/**
 * Canaries: a secret in every place that a request has for one, spoken aloud by the container in every way it can, is then
 * looked for wherever something of the run could be found.
 */
import { randomBytes } from "node:crypto";
import { describe, expect, it, onTestFinished } from "vitest";
import { startGitServer } from "../git/server.ts";
import type { JsonObject } from "../../src/contract/json.ts";
import { createGuresid, readSecrets } from "../support/driver-client.ts";
import type { HttpAnswer } from "../support/http.ts";
import { sampleCommandLines } from "../support/local-processes.ts";
import { listRuns } from "../support/runs-directory.ts";
import { buildScriptRequest } from "../support/script-request.ts";
import { readEvents, readLog, readRunId } from "../support/story.ts";
import { readTree } from "../support/temporary-directory.ts";
import { waitUntil } from "../support/wait-until.ts";
import { awaitInShell } from "../support/witness.ts";
import type { CaseServer, LocalTraces, OpenServer } from "./server.ts";
import type { GetStage } from "./stage.ts";

type Canaries = Readonly<Record<"account" | "variable" | "file" | "password" | "known" | "output", string>>;

function makeCanaries(): Canaries {
  const make = (place: string) => `canary-${place}-${randomBytes(9).toString("hex")}`;
  return {
    account: make("account"),
    variable: `${make("variable")}/+"&?`,
    file: `${make("file")}\n${make("second-line")}`,
    password: make("password"),
    known: make("known"),
    output: make("output"),
  };
}

/** Every form in which a canary would be found; of the made-up part alone, as it can't occur by chance. */
function listForms(canaries: Canaries): string[] {
  const words = Object.values(canaries).flatMap((canary) => canary.match(/canary-[a-z-]+-[0-9a-f]{18}/g) ?? []);
  const inside = (word: string) =>
    [0, 1, 2].map((shift) => {
      const form = Buffer.from(`${"-".repeat(shift)}${word}`).toString("base64");
      return form.slice(shift === 0 ? 0 : 4, -4);
    });
  return words.flatMap((word) => [word, Buffer.from(word).toString("hex"), ...inside(word)]);
}

/** What is found where, in words; empty when all is well. */
function findCanaries(canaries: Canaries, places: Readonly<Record<string, string>>): string[] {
  const forms = listForms(canaries);
  return Object.entries(places).flatMap(([place, text]) =>
    forms.filter((form) => text.includes(form)).map((form) => `${form} in ${place}`),
  );
}

function buildCanaryRequest(canaries: Canaries, { url, witness }: { url: string; witness: string }) {
  const script = `set +e
    cat secrets/key.pem; cat tf.json; printf '%s\\n' "$VARIABLE" "$ACCOUNT" >&2
    for word in "$VARIABLE" "$ACCOUNT" "$(cat secrets/key.pem)"; do printf '%s' "$word" | base64; echo "$word" | base64; done
    for word in "$VARIABLE" "$ACCOUNT"; do printf 'user:%s' "$word" | base64; done
    cat "$SCRIPTS_DIRECTORY/.git/config" 2> /dev/null; env; cat /proc/$PPID/environ /proc/$PPID/cmdline 2> /dev/null | tr '\\0' '\\n'
    printf '{"secret": "%s"}' "${canaries.output.split("").join('""')}" > "$SECRET_OUTPUTS_FILE"
    echo here > ${witness}/here; ${awaitInShell(`${witness}/leave`)}
    if [ -e ${witness}/broken ]; then cat secrets/key.pem > "$ERROR_FILE"; printf '%s' "$VARIABLE" >> "$ERROR_FILE"; exit 1; fi`;
  return buildScriptRequest(script, {
    values: {
      source: { url, username: "robot" },
      append_logs_to_error: true,
      credentials_config: {
        environment: { ACCOUNT: "key" },
        script_variables: { variables: { key: "nested" }, file: "tf.json" },
      },
    },
    secrets: {
      account: { key: canaries.account, nested: { deep: [canaries.account] } },
      job: { variables: { VARIABLE: canaries.variable } },
      files: { "secrets/key.pem": canaries.file },
      source: { password: canaries.password, known_hosts: canaries.known },
    },
  });
}

/** Requests whose code can't be had with the canaries that they hold: git is told them, and has something to say. */
function listUnreachable(canaries: Canaries, url: string): unknown[] {
  const good = buildScriptRequest("exit 0");
  const withSource = (source: JsonObject, secrets: JsonObject) => ({
    ...good,
    driver: { values: { ...good.driver.values, source }, secrets: { source: secrets } },
  });
  return [
    withSource({ url, username: "robot" }, { password: canaries.account }),
    withSource({ url, username: "robot", ref: "no-such-branch" }, { password: canaries.password }),
    withSource({ url: "ssh://git@127.0.0.1:1/app.git" }, { ssh_key: canaries.file, known_hosts: canaries.known }),
  ];
}

/** Requests with canaries that are refused. */
function listBadRequests(canaries: Canaries): unknown[] {
  const good = buildScriptRequest("exit 0");
  const withSecrets = (secrets: unknown) => ({ ...good, driver: { ...good.driver, secrets } });
  return [
    withSecrets({ account: canaries.account }),
    withSecrets({ account: [canaries.account] }),
    withSecrets({ files: { a: { text: canaries.file } } }),
    withSecrets({ files: canaries.file }),
    withSecrets({ job: { variables: { A: [canaries.variable] } } }),
    withSecrets({ source: { password: `${canaries.password}\n`, ssh_key: 5 } }),
    withSecrets(canaries.account),
    { ...good, driver: { values: { job: { image: "x", command: canaries.account } } } },
    `{"type": "example", "driver": {"secrets": {"account": {"key": "${canaries.account}"`,
    `{"type": "example", "driver": {"secrets": {"account": {"key": ${canaries.account}}}}}`,
  ];
}

const describeAnswer = ({ headers, text }: HttpAnswer) => `${JSON.stringify(headers)}\n${text}`;

export function describeSecrecy(getStage: GetStage<CaseServer & LocalTraces>): void {
  describe("a secret", () => {
    it("is in no answer but as an output, in no log of the server, on no command line and on no disk", async () => {
      const { driver, server } = getStage();
      const canaries = makeCanaries();
      const git = await startGitServer({ auth: { username: "robot", password: canaries.password } });
      onTestFinished(() => git.close());
      await git.createRepo("app", { "a.txt": "a" });
      const witness = await server.createWitness();
      const request = buildCanaryRequest(canaries, { url: git.url("app"), witness: witness.path });
      const guresid = createGuresid();
      const cookie = { headers: { "Humanitec-Driver-Cookie": "left by another driver" } };
      const sampler = sampleCommandLines();
      onTestFinished(() => sampler.stop().then(() => undefined));

      const placed = await driver.put(guresid, request, cookie);
      await witness.await("here");
      const during = [placed, await driver.put(guresid, request), await driver.delete(guresid)];
      await witness.write("leave");
      const created = await driver.provision(guresid, request, cookie);
      expect(readSecrets(created)).toEqual({ secret: canaries.output });
      await witness.write("broken");
      const changed = { ...request, resource: { changed: true } };
      const failed = await driver.provision(guresid, changed);
      expect(failed.status).toBe(400);
      const destroyed = await driver.destroy(guresid);
      const bad = await Promise.all([
        ...listBadRequests(canaries).map((body) => driver.put(createGuresid(), body)),
        ...listUnreachable(canaries, git.url("app")).map((body) => driver.provision(createGuresid(), body)),
      ]);
      expect(bad.map(({ status }) => status)).toEqual(bad.map(() => 400));
      await waitUntil("all runs are removed", async () => (await listRuns(server.runsDirectory)).length === 0);

      const commandLines = await sampler.stop();
      expect([...commandLines].join("\n")).toContain("git");
      const answers = [...during, failed, destroyed, ...bad].map(describeAnswer).join("\n");
      const disk = [...(await readTree(server.localDirectory)), ...(await readTree(server.runsDirectory))].flat();
      const places = {
        "an answer": answers,
        "the headers of a success": JSON.stringify(created.headers),
        "the values of a success": created.text.replace(canaries.output, ""),
        "the server's own log": server.ownLog(),
        "a command line": [...commandLines].join("\n"),
        "the disk": disk.join("\n"),
      };
      expect(findCanaries(canaries, places)).toEqual([]);
      expect(created.headers["set-humanitec-driver-cookie"]).toBeUndefined();
      expect(server.ownLog()).toContain(guresid);
    });
  });
}

export function describeOpenSecrecy(getStage: GetStage<OpenServer>): void {
  describe("a secret", () => {
    it("is in no event, no log and no record", async () => {
      const { driver, server } = getStage();
      const canaries = makeCanaries();
      const git = await startGitServer({ auth: { username: "robot", password: canaries.password } });
      onTestFinished(() => git.close());
      await git.createRepo("app", { "a.txt": "a" });
      const witness = await server.createWitness();
      await witness.write("leave");
      const request = buildCanaryRequest(canaries, { url: git.url("app"), witness: witness.path });
      const guresid = createGuresid();
      const created = await driver.provision(guresid, request);
      await witness.write("broken");
      const failed = await driver.provision(guresid, { ...request, resource: { changed: true } });
      const places: Record<string, string> = { answer: describeAnswer(failed) };
      for (const answer of [created, failed]) {
        const address = { cluster: server.cluster, runId: readRunId(answer) };
        places[`events of ${answer.status}`] = JSON.stringify(await readEvents(server.bus, address));
        places[`log of ${answer.status}`] = await readLog(server.bus, address);
      }
      for (const key of [`container.${guresid}`, `container.${guresid}.result`]) {
        const record = await server.bus.records.get(key);
        places[key] = Buffer.from(record?.value ?? []).toString("latin1");
        expect(places[key]).not.toBe("");
      }
      expect([created.status, failed.status]).toEqual([200, 400]);
      expect(places["log of 200"]).toContain("ACTION=create");
      expect(findCanaries(canaries, places)).toEqual([]);
    });
  });
}
