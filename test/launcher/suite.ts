/** What every launcher must do. Run against each implementation; what only one of them has is tested beside it. */
import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { EndCause, Launcher } from "../../k8s-agent/launch/launcher.ts";
import { parseJson, stringifyJson } from "../../src/contract/json.ts";
import { buildRun, type RunOptions } from "./build-run.ts";
import { awaitEnd, awaitOutput, awaitStatus, patience, readLog, readPieces } from "./follow-run.ts";

const mebibyte = 1024 ** 2;

/** A place where runs are carried out, and the launchers of two replicas of one agent in it. */
export interface LauncherPlace {
  readonly first: Launcher;
  readonly second: Launcher;
  /** Has `/bin/sh` and what busybox has. */
  readonly image: string;
  /**
   * Main is a pod's: it can't kill itself, being the first process there; its log comes at some MB/s, without a CR before a
   * line break, from files that are rotated; and how it ended after a stop is forgotten now and then.
   */
  readonly inPods?: boolean;
  /** Takes out of a long line what an old node has put into it. */
  readonly clean?: (line: string) => string;
  close(): Promise<void>;
}

export function describeLauncher(name: string, open: () => Promise<LauncherPlace>): void {
  describe(name, { timeout: patience + 10_000 }, () => {
    let place: LauncherPlace;
    let launcher: Launcher;
    beforeAll(async () => {
      place = await open();
      launcher = place.first;
    });
    afterAll(() => place.close());

    const build = (options: RunOptions) => buildRun({ image: place.image, ...options });

    async function start(options: RunOptions | string): Promise<string> {
      const run = build(typeof options === "string" ? { script: options } : options);
      expect(await launcher.launch(run)).toMatchObject({ kind: "launched" });
      return run.order.runId;
    }

    /** Prints a file of so many MiB, no faster than it can be read. */
    const printPieces = (file: string, count: number) =>
      place.inPods === true
        ? `i=0; while [ $i -lt ${count} ]; do dd if=${file} bs=1048576 skip=$i count=1 2> /dev/null; i=$((i+1)); sleep 0.5; done`
        : `cat ${file}`;

    function expectExit(cause: EndCause, exitCode: number): void {
      const known = { kind: "exited", exitCode };
      if (place.inPods === true) expect([known.kind, "lost"]).toContain(cause.kind);
      if (cause.kind !== "lost" || place.inPods !== true) expect(cause).toEqual(known);
    }

    /** Carries a run out and removes it. */
    async function carryOut(options: RunOptions | string, encoding: BufferEncoding = "utf8") {
      const runId = await start(options);
      const [{ statuses, ended }, log] = await Promise.all([awaitEnd(launcher, runId), readLog(launcher, runId)]);
      await launcher.remove(runId);
      return { statuses, ended, log, text: log.toString(encoding) };
    }

    /** Of a pod that was stopped, an old node now and then forgets how it ended. */
    function expectStopped(cause: EndCause | undefined, signal: "SIGTERM" | "SIGKILL"): void {
      if (place.inPods !== true || cause?.kind !== "lost") expectKilled(cause, signal);
    }

    describe("a run that succeeds", () => {
      test("goes through its stages, and its outputs and log come back", async () => {
        const { statuses, ended, text } = await carryOut(`
          echo hello; echo trouble >&2
          printf '{"host":"db","port":5432}' > "$OUTPUTS_FILE"
          printf '{"password":"s3cret"}' > "$SECRET_OUTPUTS_FILE"
          printf '[{"location":"namespace","data":{"kind":"X"}}]' > "$MANIFESTS_FILE"`);
        const stages = ["starting", "running", "collecting", "ended"];
        const kinds = statuses.map(({ kind }) => kind);
        expect(kinds).toEqual(stages.filter((stage) => kinds.some((kind) => kind === stage)));
        expect(kinds).toContain("ended");
        // Where images are pulled, it is known when setup ran between the two.
        const running = statuses.find((status) => status.kind === "running");
        const isKnown = place.inPods === true && running !== undefined;
        const time = expect.stringMatching(/^\d{4}-.*Z$/);
        expect(running?.setup).toEqual(isKnown ? { startedAt: time, endedAt: time } : undefined);
        expect(ended).toEqual({
          kind: "ended",
          cause: { kind: "exited", exitCode: 0 },
          collected: {
            outputs: {
              ok: true,
              value: {
                values: { host: "db", port: 5432 },
                secrets: { password: "s3cret" },
                manifests: [{ location: "namespace", data: { kind: "X" } }],
              },
            },
            errorText: "",
            errorBytes: 0,
          },
          stopped: false,
        });
        // A container runtime reads the two from a pipe each.
        expect(text.split("\n").toSorted()).toEqual(["", "hello", "trouble"]);
      });

      test("finds its inputs, and no digit of them or of its outputs is lost", async () => {
        const parsed = parseJson('{"big":12345678901234567890.10,"list":[1.0,[null,"ü\\u0000"]],"e":1e400}');
        if (!parsed.ok) throw new Error(parsed.problem);
        const resource = parsed.value as NonNullable<RunOptions["resource"]>;
        const { ended } = await carryOut({ script: `cat "$RESOURCE_INPUTS_FILE" > "$OUTPUTS_FILE"`, resource });
        const outputs = ended.collected?.outputs;
        expect(outputs?.ok === true && stringifyJson(outputs.value.values)).toBe(stringifyJson(resource));
      });

      test("that writes nothing and prints nothing has empty outputs and an empty log", async () => {
        const { ended, log } = await carryOut({ job: { command: ["/bin/true"] } });
        expect(ended).toMatchObject({
          cause: { kind: "exited", exitCode: 0 },
          collected: { outputs: { ok: true, value: { values: {}, secrets: {}, manifests: [] } } },
        });
        expect(log.length).toBe(0);
      });

      test("works in its shared directory with its files, and has no input", async () => {
        const { text } = await carryOut({
          script: `[ "$PWD" = "$SCRIPTS_DIRECTORY" ] && cat && cat a/b.txt "$HOME/c.txt" && echo "$ACTION" && touch new`,
          values: { files: { "a/b.txt": "one\n" } },
          secrets: { files: { "c.txt": "two\n" } },
          action: "destroy",
        });
        expect(text).toBe("one\ntwo\ndestroy\n");
      });

      test("gets command and arguments as they are, with no shell in between", async () => {
        const args = ["", " a  b ", "*", "$HOME", "`id`", "'\"", "\\n", "a\nb", "ü", "--", "-x"];
        const { text } = await carryOut({ script: `for a; do printf '<%s>' "$a"; done`, job: { args } });
        expect(text).toBe(args.map((arg) => `<${arg}>`).join(""));
      });

      test("has the contract's variables, the request's and the credentials, hyphens and dots in names included", async () => {
        const { text } = await carryOut({
          job: { command: ["env"], variables: { "with-hyphen": "1", "with.dot": "2", BOTH: "plain", EMPTY: "" } },
          values: { credentials_config: { environment: { KEY: "key", JSON_KEY: "nested" } } },
          secrets: {
            account: { key: "k", nested: { a: [1] } },
            job: { variables: { "secret-one": "3", BOTH: "secret" } },
          },
        });
        const lines = text.split("\n");
        for (const line of [
          "with-hyphen=1",
          "with.dot=2",
          "secret-one=3",
          "BOTH=secret",
          "KEY=k",
          'JSON_KEY={"a":[1]}',
          "EMPTY=",
        ]) {
          expect(lines).toContain(line);
        }
        for (const name of [
          "HOME",
          "SCRIPTS_DIRECTORY",
          "RESOURCE_INPUTS_FILE",
          "OUTPUTS_FILE",
          "SECRET_OUTPUTS_FILE",
          "ERROR_FILE",
          "MANIFESTS_FILE",
        ]) {
          expect(
            lines.filter((line) => line.startsWith(`${name}=/`)),
            name,
          ).toHaveLength(1);
        }
        expect(lines).toContain("ACTION=create");
      });
    });

    describe("a run that fails", () => {
      test("tells its exit code and what it wrote in ERROR_FILE", async () => {
        const { ended, text } = await carryOut(`echo doing; printf 'no such zone' > "$ERROR_FILE"; exit 3`);
        expect(ended).toMatchObject({
          cause: { kind: "exited", exitCode: 3 },
          collected: { errorText: "no such zone" },
        });
        expect(text).toBe("doing\n");
      });

      test("by a signal", async () => {
        const { ended } = await carryOut("kill -KILL $$; sh -c 'kill -KILL $$'; exit $?");
        expectKilled(ended.cause, "SIGKILL");
      });

      test("with outputs that aren't JSON says what is wrong with them", async () => {
        const { ended } = await carryOut(`echo '{"a":' > "$OUTPUTS_FILE"`);
        expect(ended).toMatchObject({ cause: { kind: "exited", exitCode: 0 }, collected: { outputs: { ok: false } } });
      });

      test("because its command isn't there names it", async () => {
        const { ended, log } = await carryOut({ job: { command: ["no-such-program-anywhere"] } });
        expect(ended.cause).toMatchObject({
          kind: "start-failed",
          message: expect.stringContaining("no-such-program-anywhere"),
        });
        expect(log.length).toBe(0);
      });

      test("because setup can't fetch its source", async () => {
        const { statuses, ended, log } = await carryOut({
          script: "echo never",
          values: { source: { url: "http://127.0.0.1:1/nothing.git" } },
        });
        expect(ended).toMatchObject({ cause: { kind: "setup-failed", message: expect.stringMatching(/\S/) } });
        expect(ended.collected).toBeUndefined();
        expect(statuses.map(({ kind }) => kind)).not.toContain("running");
        expect(log.length).toBe(0);
      });
    });

    describe("the log", () => {
      test("of many MiB comes back byte for byte", async () => {
        // A node that rotates a log, from 10 MiB on with its timestamps, may lose the beginning of a line it is cut in.
        const pieces = place.inPods === true ? 6 : 100;
        const { ended, log } = await carryOut(`
          base64 /dev/urandom | head -c ${pieces * mebibyte} > data
          ${printPieces("data", pieces)}
          printf '{"sum":"%s"}' "$(sha256sum < data | cut -c 1-64)" > "$OUTPUTS_FILE"`);
        expect(log.length).toBe(pieces * mebibyte);
        const values = { sum: createHash("sha256").update(log).digest("hex") };
        expect(ended).toMatchObject({ collected: { outputs: { value: { values } } } });
      });

      test("may be one line of many MiB without an end", async () => {
        const pieces = place.inPods === true ? 8 : 20;
        const { log } = await carryOut(
          `head -c ${pieces * mebibyte} /dev/zero | tr '\\000' x > data; ${printPieces("data", pieces)}`,
        );
        const line = place.clean?.(log.toString("latin1")) ?? log.toString("latin1");
        expect(line.length).toBe(pieces * mebibyte);
        expect(/^x+$/.test(line)).toBe(true);
      });

      test("holds NUL and bytes that aren't UTF-8 as they are", async () => {
        const { text } = await carryOut(String.raw`printf 'a\000b\377\376\300\200\r.\r\n\033[0m'`, "latin1");
        const printed = "a\0b\xff\xfe\xc0\x80\r.\r\n\x1b[0m";
        expect(text).toBe(place.inPods === true ? printed.replace("\r\n", "\n") : printed);
      });

      test("is whole when main opens /dev/stdout and /dev/stderr anew", async () => {
        const { text } = await carryOut(
          "echo 1; echo 2 >/dev/stdout; echo 3 >/dev/stderr; echo 4 >>/dev/stdout; echo 5 >&2",
        );
        expect(text.split("\n").sort()).toEqual(["", "1", "2", "3", "4", "5"]);
      });

      test("ends early when main closes it, and main goes on", async () => {
        const { ended, text } = await carryOut(
          `echo first; exec >&- 2>&-; sleep 1; echo '{"late":true}' > "$OUTPUTS_FILE"`,
        );
        expect(text).toBe("first\n");
        expect(ended).toMatchObject({ collected: { outputs: { value: { values: { late: true } } } } });
      });

      test("is read while main runs", async () => {
        const runId = await start("echo ready; exec sleep 300");
        expect(await awaitOutput(launcher, runId, "ready\n")).toBe("ready\n");
        await launcher.remove(runId);
      });

      test("can be read again after the end, and from the mark of any piece", async () => {
        const runId = await start("i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done");
        await awaitEnd(launcher, runId);
        const pieces = await readPieces(launcher, runId);
        const whole = Buffer.concat(pieces.map(({ bytes }) => bytes));
        expect(whole.toString().split("\n")).toHaveLength(20_001);
        expect(pieces.length).toBeGreaterThan(1);
        const step = Math.ceil(pieces.length / 10);
        for (const [index, { mark }] of pieces.entries()) {
          if (index % step !== 0) continue;
          const rest = Buffer.concat(pieces.slice(index).map(({ bytes }) => bytes));
          expect((await readLog(launcher, runId, mark)).equals(rest), `from piece ${index}`).toBe(true);
        }
        await launcher.remove(runId);
      });
    });

    describe("stopping", () => {
      test("sends SIGTERM, and main may end well", async () => {
        const runId = await start(`
          trap 'echo "{\\"stopped\\":true}" > "$OUTPUTS_FILE"; exit 7' TERM
          echo ready; while :; do sleep 0.1; done`);
        await awaitOutput(launcher, runId, "ready");
        await launcher.stop(runId, { graceSeconds: 20 });
        const { ended } = await awaitEnd(launcher, runId);
        expectExit(ended.cause, 7);
        expect(ended.stopped).toBe(true);
        expect(ended.collected).toMatchObject({ outputs: { value: { values: { stopped: true } } } });
        await launcher.remove(runId);
      });

      test("kills main after the grace when it ignores SIGTERM, and its last output is kept", async () => {
        const runId = await start("trap 'echo ignored' TERM; echo ready; while :; do sleep 0.1; done");
        await awaitOutput(launcher, runId, "ready");
        const log = readLog(launcher, runId);
        await launcher.stop(runId, { graceSeconds: 1 });
        const { ended } = await awaitEnd(launcher, runId);
        expectStopped(ended.cause, "SIGKILL");
        expect((await log).toString()).toContain("ignored\n");
        await launcher.remove(runId);
      });

      test("twice is fine, also before, with a shorter grace, and after the end", async () => {
        const runId = await start("trap '' TERM; echo ready; while :; do sleep 0.1; done");
        await awaitOutput(launcher, runId, "ready");
        await Promise.all([1, 2, 3].map(() => launcher.stop(runId, { graceSeconds: 300 })));
        await launcher.stop(runId, { graceSeconds: 1 });
        const { ended } = await awaitEnd(launcher, runId);
        expectStopped(ended.cause, "SIGKILL");
        await launcher.stop(runId, { graceSeconds: 1 });
        await launcher.remove(runId);
        await launcher.stop(runId, { graceSeconds: 1 });
        await launcher.stop(buildRun({}).order.runId, { graceSeconds: 1 });
      });

      test("after main's end stops nothing, and a replica that comes later learns who was stopped", async () => {
        const [whole, cut] = [await start("echo ready"), await start("echo ready; exec sleep 300")];
        await Promise.all([awaitEnd(launcher, whole), awaitOutput(launcher, cut, "ready")]);
        for (const runId of [whole, cut]) await launcher.stop(runId, { graceSeconds: 1 });
        await awaitEnd(launcher, cut);
        const ends = await Promise.all([whole, cut].map((runId) => awaitEnd(place.second, runId)));
        expect(ends.map(({ ended }) => ended.stopped)).toEqual([false, true]);
        for (const runId of [whole, cut]) await launcher.remove(runId);
      });

      test("a child that main left behind, holding its log, doesn't hold the run up", async () => {
        const { ended, text } = await carryOut("sleep 300 & (trap '' TERM; sleep 300) & echo done");
        expect(ended.cause).toEqual({ kind: "exited", exitCode: 0 });
        expect(text).toBe("done\n");
      });
    });

    describe("replicas", () => {
      test("that launch one run at once execute it once", async () => {
        const run = build({ script: "echo executed; sleep 1" });
        const { runId } = run.order;
        const launches = [launcher, place.second, launcher, place.second].map((each) => each.launch(run));
        const kinds = (await Promise.all(launches)).map(({ kind }) => kind).sort();
        expect(kinds).toEqual(["existing", "existing", "existing", "launched"]);
        const { ended } = await awaitEnd(place.second, runId);
        expect(ended.cause).toEqual({ kind: "exited", exitCode: 0 });
        expect((await readLog(launcher, runId)).toString()).toBe("executed\n");
        expect(await place.second.launch(run)).toMatchObject({ kind: "existing" });
        expect((await readLog(launcher, runId)).toString()).toBe("executed\n");
        await launcher.remove(runId);
      });

      test("watch, read, stop and remove each other's runs", async () => {
        const { second } = place;
        const runId = await start("echo ready; exec sleep 300");
        await awaitOutput(second, runId, "ready");
        expect(await awaitStatus(second, { runId, kind: "running" })).toEqual(
          await awaitStatus(launcher, { runId, kind: "running" }),
        );
        expect(await second.list()).toContain(runId);
        await second.stop(runId, { graceSeconds: 5 });
        const ends = await Promise.all([launcher, second].map((each) => awaitEnd(each, runId)));
        // `sleep` as a pod's first process doesn't hear SIGTERM.
        expectStopped(ends[0]?.ended.cause, place.inPods === true ? "SIGKILL" : "SIGTERM");
        if (place.inPods !== true) expect(ends[1]?.ended).toEqual(ends[0]?.ended);
        else expect(ends[1]?.ended.collected).toEqual(ends[0]?.ended.collected);
        await second.remove(runId);
        // It hears of that by itself.
        await expect.poll(() => launcher.list()).not.toContain(runId);
      });

      test("find what must exist, or say that it is missing and start nothing", async () => {
        const run = build({ script: "echo executed; exec sleep 300" });
        const { runId } = run.order;
        expect(await launcher.launch(run, { mustExist: true })).toEqual({ kind: "missing" });
        expect(await launcher.list()).not.toContain(runId);
        expect(await launcher.launch(run)).toMatchObject({ kind: "launched" });
        expect(await place.second.launch(run, { mustExist: true })).toMatchObject({ kind: "existing" });
        await launcher.remove(runId);
        expect(await launcher.launch(run, { mustExist: true })).toEqual({ kind: "missing" });
      });
    });

    describe("watching and removing", () => {
      test("the end can be seen as often as wanted until the run is removed", async () => {
        const runId = await start(`echo '{"a":1}' > "$OUTPUTS_FILE"`);
        const first = await awaitEnd(launcher, runId);
        const again = await awaitEnd(launcher, runId);
        expect([again.ended, again.statuses.at(-1)]).toEqual([first.ended, first.ended]);
        expect((await awaitEnd(place.second, runId)).ended).toEqual(first.ended);
        await launcher.remove(runId);
        expect((await awaitEnd(launcher, runId)).ended.cause.kind).toBe("lost");
        expect(await readPieces(launcher, runId)).toEqual([]);
      });

      test("a run can be removed while it runs; twice, and one that never was, is fine", async () => {
        const runId = await start("trap '' TERM; echo ready; while :; do sleep 0.1; done");
        await awaitOutput(launcher, runId, "ready");
        const watched = awaitEnd(launcher, runId);
        const log = readLog(launcher, runId);
        await Promise.all([launcher.remove(runId), place.second.remove(runId)]);
        await launcher.remove(runId);
        await launcher.remove(buildRun({}).order.runId);
        expect((await watched).ended.cause.kind).toMatch(/^(exited|signalled|lost)$/);
        expect((await log).toString()).toBe("ready\n");
        expect(await launcher.list()).not.toContain(runId);
      });

      test("watching and reading end without an error when their signal aborts, also one that has aborted", async () => {
        const runId = await start("echo ready; exec sleep 300");
        await awaitOutput(launcher, runId, "ready");
        const abort = new AbortController();
        const kinds: string[] = [];
        for await (const { kind } of launcher.watch(runId, { signal: abort.signal })) {
          kinds.push(kind);
          if (kind === "running") abort.abort();
        }
        expect(kinds.at(-1)).toBe("running");
        const second = new AbortController();
        for await (const _ of launcher.readLog(runId, { from: undefined, signal: second.signal })) second.abort();
        for await (const status of launcher.watch(runId, { signal: AbortSignal.abort() }))
          expect(status).toBeUndefined();
        const aborted = { from: undefined, signal: AbortSignal.abort() };
        for await (const piece of launcher.readLog(runId, aborted)) expect(piece).toBeUndefined();
        await launcher.remove(runId);
      });
    });
  });
}

/** A container runtime tells a signal as an exit code of 128 and more, as a shell does. */
function expectKilled(cause: EndCause | undefined, signal: "SIGTERM" | "SIGKILL"): void {
  const exitCode = signal === "SIGTERM" ? 143 : 137;
  expect([
    { kind: "signalled", signal },
    { kind: "exited", exitCode },
  ]).toContainEqual(cause);
}
