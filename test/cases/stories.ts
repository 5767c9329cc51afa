/** What a run tells while it lasts: its events, its warnings, its log. And front doors that come and go beside it. */
import { createHash } from "node:crypto";
import { describe, expect, it, onTestFinished } from "vitest";
import { parseJson } from "../../src/contract/json.ts";
import { startSshGitServer } from "../git/server.ts";
import { createDriverClient, createGuresid, readMessage, readValues } from "../support/driver-client.ts";
import { buildScriptRequest, type ScriptOptions } from "../support/script-request.ts";
import { followLog, readEvents, readLog, readRunId } from "../support/story.ts";
import { awaitInShell } from "../support/witness.ts";
import type { OpenServer, Start } from "./server.ts";
import { getHost, setStage, type GetStage } from "./stage.ts";

/** `launcher`: what carries the runs out. */
export function describeStories(
  name: string,
  start: Start<OpenServer>,
  { launcher }: { launcher: "local" | "kubernetes" },
): void {
  describe(name, () => {
    const getStage = setStage(start);
    describeEvents(getStage);
    if (launcher === "local") describeLocalWarnings(getStage);
    describeLogs(getStage, launcher);
    if (launcher === "local") describeFloods(getStage);
    describeFrontDoors(getStage);
  });
}

/** Starts a run and tells where its story stands. */
async function begin(getStage: GetStage<OpenServer>, script: string, options: ScriptOptions = {}) {
  const { driver, server } = getStage();
  const guresid = createGuresid();
  const request = buildScriptRequest(script, options);
  const address = { cluster: server.cluster, runId: readRunId(await driver.put(guresid, request)) };
  return { driver, server, guresid, request, address, bus: server.bus };
}

function describeEvents(getStage: GetStage<OpenServer>): void {
  describe("events", () => {
    it("tell each phase once and in order, for the resource, by the one who knows", async () => {
      const { driver, server } = getStage();
      const guresid = createGuresid();
      const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
      const request = buildScriptRequest(`echo '{"a": 1}' > "$OUTPUTS_FILE"; echo '{"b": 2}' > "$SECRET_OUTPUTS_FILE"`);
      const placed = await driver.put(guresid, request, { headers: { traceparent } });
      const address = { cluster: server.cluster, runId: readRunId(placed) };
      const events = await readEvents(server.bus, address);
      const phases = events.filter(({ type }) => type !== "run.warned.v1");
      expect(phases.map(({ type }) => type)).toEqual(
        ["requested", "accepted", "starting", "running", "collecting", "succeeded"].map((kind) => `run.${kind}.v1`),
      );
      expect(phases.map(({ data }) => `run.${data.phase}.v1`)).toEqual(phases.map(({ type }) => type));
      for (const { subject, data } of events) {
        expect({ subject, ...data }).toMatchObject({ subject: guresid, guresid, ...address, action: "create" });
      }
      expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
      const times = events.map(({ time }) => Date.parse(time));
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      expect(new Set(events.map((event) => event.traceparent))).toEqual(new Set([traceparent]));
      expect(events.at(-1)?.data.outputs).toEqual({ values: ["a"], secrets: ["b"], manifests: 0 });
    });

    it("say why a run failed, with what that was concluded from", async () => {
      const { bus, address } = await begin(getStage, "echo oops; exit 3");
      const failure = (await readEvents(bus, address)).at(-1)?.data.failure;
      expect(failure).toMatchObject({ reason: "exit-code", evidence: { exitCode: 3 } });
      expect(failure?.message).toContain("oops");
    });

    it("warn of secrets that are too short to be masked, by their paths", async () => {
      const secrets = { account: { pin: "4711!" }, job: { variables: { LONG: "long enough to mask" } } };
      const { bus, address } = await begin(getStage, "exit 0", { secrets });
      const events = await readEvents(bus, address);
      const warnings = events.flatMap(({ data }) => data.warning ?? []).join("\n");
      expect(warnings).toContain("driver.secrets.account.pin");
      expect(warnings).not.toContain("LONG");
      expect(JSON.stringify(events)).not.toContain("4711!");
    });

    it("name the commit that was checked out", async () => {
      const git = await startSshGitServer(getHost(getStage));
      onTestFinished(() => git.close());
      const repository = await git.createRepo("app", { "x.txt": "x" });
      const secrets = { source: { ssh_key: git.privateKey, known_hosts: git.knownHosts } };
      const { bus, address } = await begin(getStage, "cat x.txt", {
        values: { source: { url: git.url("app") } },
        secrets,
      });
      const events = await readEvents(bus, address);
      expect(events.find(({ data }) => data.phase === "running")?.data.commit).toBe(repository.head);
    });
  });
}

function describeLocalWarnings(getStage: GetStage<OpenServer>): void {
  describe("events of local processes", () => {
    it("warn that the image is left aside", async () => {
      const { bus, address } = await begin(getStage, "exit 0");
      const warnings = (await readEvents(bus, address)).flatMap(({ data }) => data.warning ?? []);
      expect(warnings.join("\n")).toMatch(/image/);
    });
  });
}

function describeLogs(getStage: GetStage<OpenServer>, launcher: "local" | "kubernetes"): void {
  describe("the log", () => {
    it("is there while the run goes on", async () => {
      const witness = await getStage().server.createWitness();
      const script = `echo "before"; ${awaitInShell(`${witness.path}/seen`)}; echo "after"`;
      const { bus, address } = await begin(getStage, script);
      let text = "";
      for await (const chunk of followLog(bus, address)) {
        text += new TextDecoder().decode(chunk.text);
        // Only what has been seen lets the run end: a log that came late would hold it until its deadline.
        if (text === "before\n") await witness.write("seen");
      }
      expect(text).toBe("before\nafter\n");
    });

    it("holds every line, of stdout and stderr in their order, and a last one without an end", async () => {
      const script = `i=0; while [ $i -lt 2000 ]; do echo "out $i"; echo "err $i 🦊" >&2; i=$((i + 1)); done; printf 'the end'`;
      const { bus, address } = await begin(getStage, script);
      const expected = Array.from({ length: 2000 }, (_, i) => `out ${i}\nerr ${i} 🦊\n`).join("");
      const log = await readLog(bus, address);
      if (launcher === "local") return expect(log).toBe(`${expected}the end`);
      // A container runtime reads the two from a pipe each: what one ends with may stand before the other's last lines.
      const lines = (text: string, stream: string) => text.split("\n").filter((line) => line.startsWith(stream));
      const [before, ...behind] = log.split("the end");
      expect(behind).toHaveLength(1);
      for (const stream of ["out", "err"])
        expect(lines(`${before}${behind[0]}`, stream)).toEqual(lines(expected, stream));
      expect(log.length).toBe(expected.length + 7);
    });

    it("is there of a run that printed nothing, empty", async () => {
      const { bus, address } = await begin(getStage, "exit 0");
      expect(await readLog(bus, address)).toBe("");
    });

    it("is UTF-8 whatever the container prints", async () => {
      const { bus, address } = await begin(
        getStage,
        `printf 'a\\000b\\377\\376c\\303(\\n\\360\\237\\246'; printf '\\212 ok\\n'`,
      );
      expect(await readLog(bus, address)).toMatch(/^a\0b\uFFFD+c\uFFFD\(\n🦊 ok\n$/);
    });

    it("masks secrets, in other forms and over several lines too", async () => {
      const secret = 'p@ss/"word" +ä';
      const pem = "-----BEGIN KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\n-----END KEY-----";
      const script = `echo "plain $SECRET"; printf '%s' "$SECRET" | base64; cat key.pem
        printf 'p@ss/'; sleep 0.3; printf '"word" +ä in two pieces\\n'
        printf '%s\\n' "url $URL" "json $JSON"; echo "and done"`;
      const { bus, address } = await begin(getStage, script, {
        job: { variables: { URL: encodeURIComponent(secret), JSON: JSON.stringify(secret) } },
        secrets: { job: { variables: { SECRET: secret } }, files: { "key.pem": pem } },
      });
      const log = await readLog(bus, address);
      expect(log).toMatch(/^plain \S+\n/);
      expect(log).toMatch(/and done\n$/);
      const forms = [
        secret,
        Buffer.from(secret).toString("base64"),
        encodeURIComponent(secret),
        JSON.stringify(secret),
      ];
      for (const form of [...forms, "word", "MIIEvQIBADANBgkq", "hkiG9w0BAQEFAASC"]) expect(log).not.toContain(form);
    });
  });
}

/** Faster than a kubelet can be read: what becomes of such logs there is tried where logs are read. */
function describeFloods(getStage: GetStage<OpenServer>): void {
  describe("a log at full speed", () => {
    it("holds a line of 20 MiB whole, in pieces", async () => {
      const { bus, address } = await begin(getStage, `head -c 20971520 /dev/zero | tr '\\0' x; echo " its end"`);
      const text = await readLog(bus, address);
      expect(text.replaceAll("\n", "")).toBe(`${"x".repeat(20_971_520)} its end`);
    });

    it("of 100 MiB is whole for whoever keeps up, and shows what it has lost to whoever doesn't", async () => {
      const line = `${"0123456789abcdef".repeat(8).slice(1)}\n`;
      const count = 104_857_600 / line.length;
      const { bus, address } = await begin(getStage, `yes ${line.trim()} | head -n ${count}`);
      let bytes = 0;
      let lost = 0;
      let next = 0;
      for await (const { header, text } of followLog(bus, address)) {
        lost += header.index - next + (header.gap === undefined ? 0 : 1);
        next = header.index + 1;
        bytes += text.length;
      }
      if (lost === 0) expect(bytes).toBe(104_857_600);
      else expect(bytes).toBeLessThan(104_857_600);
    });
  });
}

function describeFrontDoors(getStage: GetStage<OpenServer>): void {
  describe("a front door", () => {
    it("that has begun anew knows outputs, and destroys with the inputs of the last accepted create", async () => {
      const { driver, server } = getStage();
      const witness = await server.createWitness();
      const guresid = createGuresid();
      const secrets = { job: { variables: { TOKEN: "tøken-9f8e7d" } }, files: { "key.txt": "key-file-content" } };
      const script = `{ cat "$RESOURCE_INPUTS_FILE" key.txt; printf '%s' "$TOKEN"; } | sha256sum | cut -d ' ' -f 1 > ${witness.path}/$ACTION
        echo '{"n": 9007199254740993}' > "$OUTPUTS_FILE"; printf '{"t": "%s"}' "$TOKEN" > "$SECRET_OUTPUTS_FILE"`;
      const request = buildScriptRequest(script, { resource: { size: 3 }, secrets });
      const created = await driver.provision(guresid, request);
      const other = await server.startFrontDoor();
      onTestFinished(() => other.stop());
      const client = createDriverClient(other.url, server);
      expect((await client.get(guresid)).text).toBe(created.text);
      expect((await client.put(guresid, request)).text).toBe(created.text);
      expect((await client.destroy(guresid)).status).toBe(204);
      const expected = createHash("sha256").update('{"size":3}key-file-contenttøken-9f8e7d').digest("hex");
      expect(await witness.read("create")).toBe(`${expected}\n`);
      expect(await witness.read("destroy")).toBe(`${expected}\n`);
      expect((await driver.get(guresid)).status).toBe(404);
    });

    it("beside another starts one run of 200 equal requests, and refuses another body", async () => {
      const { driver, server } = getStage();
      const witness = await server.createWitness();
      const other = await server.startFrontDoor();
      onTestFinished(() => other.stop());
      const doors = [driver, createDriverClient(other.url, server)];
      const guresid = createGuresid();
      const script = `echo run >> ${witness.path}/runs; ${awaitInShell(`${witness.path}/leave`)}; echo '{"n": 1}' > "$OUTPUTS_FILE"`;
      const request = buildScriptRequest(script);
      const calls = Array.from({ length: 100 }, () => doors.map((door) => door.put(guresid, request))).flat();
      const answers = await Promise.all(calls);
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
      expect(new Set(answers.map(readRunId)).size).toBe(1);
      for (const door of doors) expect((await door.put(guresid, buildScriptRequest("exit 0"))).status).toBe(409);
      await witness.write("leave");
      for (const door of doors) expect(readValues(await door.provision(guresid, request))).toEqual({ n: 1 });
      expect(await witness.read("runs")).toBe("run\n");
    });

    it("tells a failure that another one has told, when it is asked for it", async () => {
      const { driver, server } = getStage();
      const other = await server.startFrontDoor();
      onTestFinished(() => other.stop());
      const guresid = createGuresid();
      const failed = await driver.provision(guresid, buildScriptRequest(`echo broken > "$ERROR_FILE"; exit 1`));
      const told = await createDriverClient(other.url, server).get(guresid);
      expect({ status: told.status, message: readMessage(told) }).toEqual({ status: 400, message: "broken" });
      expect(parseJson(told.text)).toEqual(parseJson(failed.text));
    });
  });
}
