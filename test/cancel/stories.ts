/** What cancelling means to a caller over HTTP, whoever carries the runs out. */
import { describe, expect, it } from "vitest";
import type { Bus } from "../../src/bus/port.ts";
import type { RunAddress } from "../../src/contract/names.ts";
import type { OpenServer, Start } from "../cases/server.ts";
import { setStage } from "../cases/stage.ts";
import { createGuresid, readMessage, readValues } from "../support/driver-client.ts";
import { sendRequest } from "../support/http.ts";
import { buildScriptRequest } from "../support/script-request.ts";
import { followLog, readEvents, readRunId } from "../support/story.ts";

export function describeCancel(name: string, start: Start<OpenServer>): void {
  describe(name, { timeout: 120_000 }, () => {
    const getStage = setStage(start);

    const cancel = async (runId: string) =>
      sendRequest(getStage().server.url, { method: "POST", path: `/runs/${runId}/cancel` });

    /** A run that has begun, and does this when it is asked to stop. */
    async function begin(onTerm: string) {
      const { driver, server } = getStage();
      const guresid = createGuresid();
      const witness = await server.createWitness();
      const request = buildScriptRequest(`
        trap 'echo asked to stop; ${onTerm}' TERM
        echo begun > ${witness.path}/begun
        while :; do sleep 0.1 || :; done`);
      const address = { cluster: server.cluster, runId: readRunId(await driver.put(guresid, request)) };
      await witness.await("begun");
      return { address, ask: () => driver.provision(guresid, request) };
    }

    it("stops a run with SIGTERM, keeps its log, and tells its caller once", async () => {
      const { address, ask } = await begin("exit 9");
      const { server } = getStage();
      expect((await cancel(address.runId)).status).toBe(202);
      const answer = await ask();
      expect(answer.status).toBe(400);
      expect(readMessage(answer)).toMatch(/^Cancelled by /);
      const end = (await readEvents(server.bus, address)).at(-1)?.data;
      expect(end).toMatchObject({ phase: "cancelled", failure: { reason: "cancelled" } });
      expect(await readText(server.bus, address)).toContain("asked to stop\n");
      expect((await cancel(address.runId)).status).toBe(409);
    });

    it("kills a run that doesn't stop, when its grace is over", async () => {
      const { address, ask } = await begin(":");
      for (const _ of [1, 2]) expect((await cancel(address.runId)).status).toBe(202);
      expect((await ask()).status).toBe(400);
    });

    it("leaves a run that finishes its work all the same to its success", async () => {
      const { address, ask } = await begin(`echo "{\\"done\\": true}" > "$OUTPUTS_FILE"; exit 0`);
      expect((await cancel(address.runId)).status).toBe(202);
      expect(readValues(await ask())).toEqual({ done: true });
    });

    it("says that there is no such run", async () => {
      expect((await cancel("01jd0v8e3k7xw2m4n6p8q0r1s2")).status).toBe(404);
      expect((await cancel("no-run")).status).toBe(404);
    });
  });
}

/** Of a pod that was stopped it isn't always sure that its log was read to the end; then the log says so. */
async function readText(bus: Bus, address: RunAddress): Promise<string> {
  let text = "";
  for await (const chunk of followLog(bus, address)) text += new TextDecoder().decode(chunk.text);
  return text;
}
