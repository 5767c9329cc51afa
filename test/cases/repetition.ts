/** The same request again, another one, both at once: the caller repeats, the container runs once. */
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { createGuresid, readBody, readMessage, readText, readValues } from "../support/driver-client.ts";
import { buildScriptRequest } from "../support/script-request.ts";
import { awaitInShell, type Witness } from "../support/witness.ts";
import type { GetStage } from "./stage.ts";

const runHeader = "container-driver-run";

/** Says that it runs, and goes on when it may. */
const waitForLeave = (witness: Witness, more = "") =>
  `echo "$ACTION" >> ${witness.path}/runs\n${awaitInShell(`${witness.path}/leave`)}\n${more}`;

export function describeRepetition(getStage: GetStage): void {
  const arrange = async () => {
    const { driver, server } = getStage();
    return { driver, witness: await server.createWitness(), guresid: createGuresid() };
  };

  describe("the same request", () => {
    it("200 times at once is one run", async () => {
      const { driver, witness, guresid } = await arrange();
      const request = buildScriptRequest(waitForLeave(witness, `echo '{"n": 1}' > "$OUTPUTS_FILE"`));
      const first = await Promise.all(Array.from({ length: 200 }, () => driver.put(guresid, request)));
      expect(new Set(first.map(({ status }) => status))).toEqual(new Set([202]));
      expect(new Set(first.map(({ headers }) => headers[runHeader])).size).toBe(1);
      await witness.write("leave");
      const last = await Promise.all(Array.from({ length: 200 }, () => driver.provision(guresid, request)));
      expect(new Set(last.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
      expect(last.map(readValues)[0]).toEqual({ n: 1 });
      expect(await witness.read("runs")).toBe("create\n");
    });

    it("while it runs is 202 with the same run and a hint, and never a second run", async () => {
      const { driver, witness, guresid } = await arrange();
      const request = buildScriptRequest(waitForLeave(witness));
      const placed = await driver.put(guresid, request);
      await witness.await("runs");
      const again = await driver.put(guresid, request);
      for (const answer of [placed, again, await driver.get(guresid)]) {
        expect(answer.status).toBe(202);
        expect(answer.headers[runHeader]).toBe(placed.headers[runHeader]);
        expect(Number(answer.headers["retry-after"])).toBeGreaterThan(0);
        expect(readBody(answer)["status"]).toBe("creating");
        const { current_time: now, timeout } = readBody(answer);
        expect(Date.parse(readText(timeout)) - Date.parse(readText(now))).toBeGreaterThan(3500 * 1000);
      }
      await witness.write("leave");
      expect((await driver.provision(guresid, request)).status).toBe(200);
      expect(await witness.read("runs")).toBe("create\n");
    });

    it("after success is 200 without a run, keys in another order and with other white space too", async () => {
      const { driver, witness, guresid } = await arrange();
      const script = `echo run >> ${witness.path}/runs; echo '{"a": 1.0}' > "$OUTPUTS_FILE"`;
      const request = buildScriptRequest(script, { resource: { b: 2, a: { d: 4, c: 3 } } });
      const first = await driver.provision(guresid, request);
      const again = await driver.put(guresid, request);
      const { type, driver: inputs } = request;
      const reordered = JSON.stringify({ driver: inputs, resource: { a: { c: 3, d: 4 }, b: 2 }, type }, null, 3);
      const reformatted = await driver.put(guresid, reordered);
      expect(first.status).toBe(200);
      expect(again.text).toBe(first.text);
      expect({ status: reformatted.status, text: reformatted.text }).toEqual({ status: 200, text: first.text });
      expect(await witness.read("runs")).toBe("run\n");
    });

    it("after the reported failure is a new run", async () => {
      const { driver, witness, guresid } = await arrange();
      const request = buildScriptRequest(
        `echo run >> ${witness.path}/runs; [ -e ${witness.path}/mended ] || { echo broken > "$ERROR_FILE"; exit 1; }`,
      );
      const failed = await driver.provision(guresid, request);
      expect(readMessage(failed)).toBe("broken");
      await witness.write("mended");
      const retried = await driver.put(guresid, request);
      expect(retried.status).toBe(202);
      expect(retried.headers[runHeader]).not.toBe(failed.headers[runHeader]);
      expect((await driver.provision(guresid, request)).status).toBe(200);
      expect(await witness.read("runs")).toBe("run\nrun\n");
    });

    it("by plain polling, as Retry-After asks, comes to 200", async () => {
      const { driver, guresid } = await arrange();
      const request = buildScriptRequest(`echo '{"polled": true}' > "$OUTPUTS_FILE"`);
      let answer = await driver.put(guresid, request);
      for (let polls = 0; answer.status === 202 && polls < 20; polls++) {
        await delay(1000 * Number(answer.headers["retry-after"]));
        answer = await driver.put(guresid, request);
      }
      expect(readValues(answer)).toEqual({ polled: true });
    });

    it("is held as long as `Prefer: wait` says, and no longer", async () => {
      const { driver, witness, guresid } = await arrange();
      const request = buildScriptRequest(waitForLeave(witness));
      const begun = performance.now();
      const answer = await driver.put(guresid, request, { headers: { Prefer: "respond-async, wait=1" } });
      const milliseconds = performance.now() - begun;
      expect(answer.status).toBe(202);
      expect(milliseconds).toBeGreaterThan(950);
      expect(milliseconds).toBeLessThan(15_000);
      await witness.write("leave");
      const held = await driver.put(guresid, request, { headers: { Prefer: "wait=25" } });
      expect(held.status).toBe(200);
    });
  });

  describe("another request", () => {
    it("while the container runs is 409, and a DELETE too", async () => {
      const { driver, witness, guresid } = await arrange();
      const request = buildScriptRequest(waitForLeave(witness));
      const other = buildScriptRequest(waitForLeave(witness, "true"));
      const placed = await driver.put(guresid, request);
      for (const answer of [await driver.put(guresid, other), await driver.delete(guresid)]) {
        expect(answer.status).toBe(409);
        expect(readBody(answer)["status"]).toBe("creating");
        expect(answer.headers[runHeader]).toBe(placed.headers[runHeader]);
      }
      await witness.write("leave");
      expect((await driver.provision(guresid, request)).status).toBe(200);
      expect(await witness.read("runs")).toBe("create\n");
    });

    it("after success updates, and the new outputs take the old ones' place", async () => {
      const { driver, witness, guresid } = await arrange();
      const request = (n: number) =>
        buildScriptRequest(`${awaitInShell(`${witness.path}/leave-${n}`)}; echo "{\\"n\\": ${n}}" > "$OUTPUTS_FILE"`);
      await witness.write("leave-1");
      expect(readValues(await driver.provision(guresid, request(1)))).toEqual({ n: 1 });
      const updating = await driver.put(guresid, request(2));
      expect({ status: updating.status, hint: readBody(updating)["status"] }).toEqual({
        status: 202,
        hint: "updating",
      });
      await witness.write("leave-2");
      expect(readValues(await driver.provision(guresid, request(2)))).toEqual({ n: 2 });
      expect(readValues(await driver.get(guresid))).toEqual({ n: 2 });
    });

    it("while the container destroys is 409, and the same DELETE 202", async () => {
      const { driver, witness, guresid } = await arrange();
      const script = `[ "$ACTION" = create ] || { ${waitForLeave(witness)} }`;
      await driver.provision(guresid, buildScriptRequest(script));
      const deleting = await driver.delete(guresid);
      await witness.await("runs");
      const again = await driver.delete(guresid);
      const put = await driver.put(guresid, buildScriptRequest(script));
      expect([deleting.status, again.status, put.status]).toEqual([202, 202, 409]);
      for (const answer of [deleting, again, put]) expect(readBody(answer)["status"]).toBe("deleting");
      await witness.write("leave");
      expect((await driver.destroy(guresid)).status).toBe(204);
      expect(await witness.read("runs")).toBe("destroy\n");
    });

    it("for another resource runs at the same time", async () => {
      const { driver, witness } = await arrange();
      // Each waits for the other: one after the other they would both run into their deadlines.
      const meet = (own: string, other: string) =>
        buildScriptRequest(`: > ${witness.path}/${own}; ${awaitInShell(`${witness.path}/${other}`)}`, {
          values: { timeout: 20 },
        });
      const answers = await Promise.all([
        driver.provision(createGuresid(), meet("a", "b")),
        driver.provision(createGuresid(), meet("b", "a")),
      ]);
      expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    });
  });

  describe("GET", () => {
    it("reports each state, and never starts a run", async () => {
      const { driver, witness, guresid } = await arrange();
      const script = `echo run >> ${witness.path}/runs; echo '{"a": 1}' > "$OUTPUTS_FILE"; [ ! -e ${witness.path}/broken ] || exit 1`;
      expect((await driver.get(guresid)).status).toBe(404);
      await driver.provision(guresid, buildScriptRequest(script));
      expect(readValues(await driver.get(guresid))).toEqual({ a: 1 });
      await witness.write("broken");
      await driver.provision(guresid, buildScriptRequest(`${script}\n`));
      expect((await driver.get(guresid)).status).toBe(400);
      expect((await driver.get(guresid)).status).toBe(400);
      expect(await witness.read("runs")).toBe("run\nrun\n");
    });
  });
}
