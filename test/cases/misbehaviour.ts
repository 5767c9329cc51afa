/** Containers that don't behave: the run ends as it should, and nothing of them stays. */
import { describe, expect, it } from "vitest";
import { createGuresid, readMessage, readValues } from "../support/driver-client.ts";
import { isProcessAlive } from "../support/local-processes.ts";
import { buildScriptRequest, type ScriptOptions } from "../support/script-request.ts";
import { waitUntil } from "../support/wait-until.ts";
import type { GetStage } from "./stage.ts";

export function describeMisbehaviour(getStage: GetStage): void {
  const provision = (script: string, options?: ScriptOptions) =>
    getStage().driver.provision(createGuresid(), buildScriptRequest(script, options));

  /** Enough for the container to begin, on a busy machine too. */
  const getTimeout = () => 3 + (getStage().server.startSeconds ?? 0);

  const timed = async <T>(work: Promise<T>) => {
    const begun = performance.now();
    return { result: await work, seconds: (performance.now() - begun) / 1000 };
  };

  describe("a container", () => {
    it("that ignores SIGTERM is killed after the grace", async () => {
      const script = `trap 'echo "not me"' TERM; while :; do sleep 0.1 || true; done`;
      const timeout = getTimeout();
      const options = { values: { timeout, append_logs_to_error: true } };
      const { result, seconds } = await timed(provision(script, options));
      expect(readMessage(result)).toMatch(new RegExp(`timeout of ${timeout} seconds(.|\\n)*not me`));
      expect(seconds).toBeGreaterThan(timeout + 0.9);
      expect(seconds).toBeLessThan(timeout + 15);
    });

    it("that ends well on SIGTERM has its grace to do so", async () => {
      const witness = await getStage().server.createWitness();
      const script = `trap 'echo tidied > ${witness.path}/end; exit 0' TERM; while :; do sleep 0.05 || true; done`;
      const answer = await provision(script, { values: { timeout: getTimeout() } });
      expect(readMessage(answer)).toContain(`timeout of ${getTimeout()} seconds`);
      expect(await witness.read("end")).toBe("tidied\n");
    });

    it("that exits at once is a run like any other", async () => {
      const request = (command: string) => buildScriptRequest("", { job: { command: [command], args: [] } });
      const { driver } = getStage();
      expect((await driver.provision(createGuresid(), request("true"))).status).toBe(200);
      expect(readMessage(await driver.provision(createGuresid(), request("false")))).toContain("code 1");
    });

    it("that closes stdout and stderr early still runs to its end", async () => {
      const answer = await provision(
        `echo last words; exec > /dev/null 2>&1 < /dev/null; exec 1>&- 2>&-; sleep 0.3; echo '{"done": 1}' > "$OUTPUTS_FILE"`,
      );
      expect(readValues(answer)).toEqual({ done: 1 });
    });

    it("that prints 100 MiB slows nobody down for long, and its outputs arrive", async () => {
      const line = "0123456789abcdef".repeat(8).slice(1);
      const script = `yes ${line} | head -c 104857600; echo '{"printed": true}' > "$OUTPUTS_FILE"`;
      const { result, seconds } = await timed(provision(script));
      expect(readValues(result)).toEqual({ printed: true });
      expect(seconds).toBeLessThan(60);
    });

    it("that prints a line of 20 MiB and fails is told of with a part of it", async () => {
      const answer = await provision(`head -c 20971520 /dev/zero | tr '\\0' x; echo; exit 1`);
      expect(readMessage(answer)).toMatch(/code 1; its last line was: x{100,2000}$/);
    });

    it("that prints NUL and bytes that aren't UTF-8 is told of in text", async () => {
      const answer = await provision(`printf 'a\\000b\\377\\376c\\200\\n'; exit 1`);
      expect(readMessage(answer)).toMatch(/a\0?b\uFFFD+c\uFFFD/);
    });

    it("that prints to the outputs of others, or removes its own directory, harms only itself", async () => {
      const answer = await provision(`rm -rf "$SCRIPTS_DIRECTORY"/* "$(dirname "$OUTPUTS_FILE")"; echo gone`);
      expect([200, 400]).toContain(answer.status);
      expect((await provision("exit 0")).status).toBe(200);
    });
  });
}

/** What only the processes of the same machine show. */
export function describeLocalMisbehaviour(getStage: GetStage): void {
  describe("a container's children", () => {
    it.each([
      ["in its process group", "sleep 300 &"],
      ["that ignore SIGTERM", `sh -c 'trap "" TERM; while :; do sleep 1; done' &`],
      ["in a session of their own", "setsid sleep 300 &"],
    ])("%s are gone with it, though they hold its stdout", async (_, fork) => {
      const { driver, server } = getStage();
      const witness = await server.createWitness();
      const script = `${fork}\necho $! > ${witness.path}/pid; ps -eo pid,args > /dev/null 2>&1; echo '{"a": 1}' > "$OUTPUTS_FILE"`;
      const begun = performance.now();
      const answer = await driver.provision(createGuresid(), buildScriptRequest(script));
      expect(readValues(answer)).toEqual({ a: 1 });
      expect(performance.now() - begun).toBeLessThan(15_000);
      const pid = Number(await witness.read("pid"));
      expect(pid).toBeGreaterThan(1);
      await waitUntil("the child is gone", async () => !(await isProcessAlive(pid)));
    });
  });

  describe("a request that local processes can't serve", () => {
    it("without a command fails with a reason and a remedy", async () => {
      const { driver } = getStage();
      const request = buildScriptRequest("");
      const { command: _, args: __, ...job } = request.driver.values.job;
      const values = { ...request.driver.values, job };
      const answer = await driver.provision(createGuresid(), { ...request, driver: { values } });
      expect(answer.status).toBe(400);
      expect(readMessage(answer)).toMatch(/job\.command/);
    });
  });
}
