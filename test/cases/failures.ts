/** A failed run says why, in the container's own words where it has any. */
import { describe, expect, it } from "vitest";
import { limits } from "../../src/contract/limits.ts";
import { createGuresid, readBody, readMessage, readValues } from "../support/driver-client.ts";
import { buildScriptRequest } from "../support/script-request.ts";
import type { GetStage } from "./stage.ts";

export function describeFailures(getStage: GetStage): void {
  const fail = async (script: string, options: Parameters<typeof buildScriptRequest>[1] = {}) => {
    const answer = await getStage().driver.provision(createGuresid(), buildScriptRequest(script, options));
    expect({ status: answer.status, error: readBody(answer)["error"] }).toEqual({ status: 400, error: "RES-101" });
    return readMessage(answer);
  };

  describe("failures", () => {
    it("ignore ERROR_FILE when the container exits 0", async () => {
      const script = `echo "a warning that went to the error file" > "$ERROR_FILE"; echo '{"a": 1}' > "$OUTPUTS_FILE"`;
      const answer = await getStage().driver.provision(createGuresid(), buildScriptRequest(script));
      expect(readValues(answer)).toEqual({ a: 1 });
    });

    it("are what the container wrote to ERROR_FILE", async () => {
      const script = `echo "on the log only"; printf 'quota "disks" exceeded:\\n  10 of 10 🦊\\n' > "$ERROR_FILE"; exit 3`;
      expect(await fail(script)).toBe('quota "disks" exceeded:\n  10 of 10 🦊');
    });

    it("hold the end of the log too, with append_logs_to_error", async () => {
      const script = `i=0; while [ $i -lt 3000 ]; do echo "line $i"; i=$((i + 1)); done; echo "gave up" > "$ERROR_FILE"; exit 3`;
      const message = await fail(script, { values: { append_logs_to_error: true } });
      expect(message).toMatch(/^gave up\n\n.*\n(.*\n)*line 2998\nline 2999\s*$/);
      expect(message).not.toContain("line 2000\n");
      expect(Buffer.byteLength(message)).toBeLessThanOrEqual(limits.errorTextBytes);
    });

    it("are exit code and last line without an ERROR_FILE", async () => {
      const message = await fail(`echo "first"; echo "it is the wrong region" >&2; exit 3`);
      expect(message).toContain("code 3");
      expect(message).toContain("it is the wrong region");
      expect(message).not.toContain("first");
    });

    it("hold the log's end with append_logs_to_error but without an ERROR_FILE", async () => {
      const message = await fail(`echo "first"; echo "last"; exit 4`, { values: { append_logs_to_error: true } });
      expect(message).toContain("code 4");
      expect(message).toMatch(/first\nlast\s*$/);
    });

    it("say that the container printed nothing", async () => {
      expect(await fail("exit 7")).toMatch(/code 7 and printed nothing/);
    });

    it("name the signal that ended the container", async () => {
      expect(await fail("echo here; kill -KILL $$; exec 2> /dev/null; sh -c 'kill -KILL $$'; exit $?")).toMatch(
        /(SIGKILL|code 137).*here/s,
      );
    });

    it("keep the end of an ERROR_FILE over the limit, and say both sizes", async () => {
      const message = await fail(
        `{ head -c 200000 /dev/zero | tr '\\0' x; echo " the reason"; } > "$ERROR_FILE"; exit 1`,
      );
      expect(message).toMatch(/the reason$/);
      expect(message).toContain(`200012 bytes, the limit is ${limits.errorTextBytes} bytes`);
      expect(Buffer.byteLength(message)).toBeLessThanOrEqual(limits.errorTextBytes);
    });

    it("don't show what an ERROR_FILE leads to when it is a symbolic link", async () => {
      expect(await fail(`ln -s /etc/passwd "$ERROR_FILE"; exit 5`)).toMatch(/^The container exited with code 5/);
    });

    it("don't wait for an ERROR_FILE that is a FIFO", async () => {
      expect(await fail(`mkfifo "$ERROR_FILE"; exit 5`)).toMatch(/^The container exited with code 5/);
    });

    it("hold no half characters, whatever bytes the container wrote", async () => {
      const message = await fail(`printf '\\377\\376 bad \\000 bytes' > "$ERROR_FILE"; exit 1`);
      expect(message).toBe("\uFFFD\uFFFD bad \0 bytes");
    });

    it("say that a command doesn't exist", async () => {
      const request = buildScriptRequest("exit 0", { job: { command: ["/no/such/command"], args: [] } });
      const answer = await getStage().driver.provision(createGuresid(), request);
      expect(answer.status).toBe(400);
      expect(readMessage(answer)).toContain("/no/such/command");
    });

    it("come of a timeout, which is named", async () => {
      const message = await fail("echo waiting; exec sleep 600", { values: { timeout: 1 } });
      expect(message).toContain("timeout of 1 seconds");
    });
  });
}
