/** DELETE has no body: what it needs is on our side. */
import { describe, expect, it } from "vitest";
import { createGuresid, readMessage, readValues } from "../support/driver-client.ts";
import { buildScriptRequest } from "../support/script-request.ts";
import type { GetStage } from "./stage.ts";

export function describeDestroy(getStage: GetStage): void {
  describe("destroy", () => {
    it("of what was never there is 204, twice too", async () => {
      const { driver } = getStage();
      const guresid = createGuresid();
      for (const answer of [await driver.delete(guresid), await driver.delete(guresid)]) {
        expect(answer.status).toBe(204);
        expect(answer.text).toBe("");
      }
    });

    it("is 204 when the container writes nothing, and again when it is gone", async () => {
      const { driver } = getStage();
      const guresid = createGuresid();
      const script = `[ "$ACTION" = destroy ] || echo '{"a": 1}' > "$OUTPUTS_FILE"`;
      expect(readValues(await driver.provision(guresid, buildScriptRequest(script)))).toEqual({ a: 1 });
      const destroyed = await driver.destroy(guresid);
      expect({ status: destroyed.status, text: destroyed.text }).toEqual({ status: 204, text: "" });
      expect((await driver.destroy(guresid)).status).toBe(204);
      expect((await driver.get(guresid)).status).toBe(404);
    });

    it("runs after each create with its action, and create begins anew after it", async () => {
      const { driver, server } = getStage();
      const witness = await server.createWitness();
      const guresid = createGuresid();
      const request = (n: number) => buildScriptRequest(`echo "$ACTION ${n}" >> ${witness.path}/actions`);
      await driver.provision(guresid, request(1));
      await driver.provision(guresid, request(2));
      expect((await driver.destroy(guresid)).status).toBe(204);
      expect((await driver.provision(guresid, request(2))).status).toBe(200);
      expect(await witness.read("actions")).toBe("create 1\ncreate 2\ndestroy 2\ncreate 2\n");
    });

    it("uses the inputs of the last accepted create, secrets included, though that create failed", async () => {
      const { driver, server } = getStage();
      const witness = await server.createWitness();
      const guresid = createGuresid();
      const request = (name: string) =>
        buildScriptRequest(
          `cat "$RESOURCE_INPUTS_FILE" plain.txt secret.txt >> ${witness.path}/$ACTION
           echo "$PLAIN $SECRET $FIELD" >> ${witness.path}/$ACTION
           [ "$ACTION" = destroy ] || [ "$PLAIN" != "plain-second" ]`,
          {
            resource: { name },
            job: { variables: { PLAIN: `plain-${name}` } },
            files: { "plain.txt": `file-${name}\n` },
            values: { credentials_config: { environment: { FIELD: "field" } } },
            secrets: {
              account: { field: `field-${name}` },
              job: { variables: { SECRET: `secret-${name}` } },
              files: { "secret.txt": `secret-file-${name}\n` },
            },
          },
        );
      expect((await driver.provision(guresid, request("first"))).status).toBe(200);
      expect((await driver.provision(guresid, request("second"))).status).toBe(400);
      expect((await driver.destroy(guresid)).status).toBe(204);
      expect(await witness.read("destroy")).toBe(
        '{"name":"second"}file-second\nsecret-file-second\nplain-second secret-second field-second\n',
      );
      expect(await witness.read("create")).toContain(await witness.read("destroy"));
    });

    it("that fails says why, and is tried again by the next DELETE", async () => {
      const { driver, server } = getStage();
      const witness = await server.createWitness();
      const guresid = createGuresid();
      const script = `[ "$ACTION" = destroy ] || exit 0
        [ -e ${witness.path}/emptied ] || { echo "the bucket is not empty" > "$ERROR_FILE"; exit 1; }`;
      await driver.provision(guresid, buildScriptRequest(script));
      const failed = await driver.destroy(guresid);
      expect({ status: failed.status, message: readMessage(failed) }).toEqual({
        status: 400,
        message: "the bucket is not empty",
      });
      await witness.write("emptied");
      expect((await driver.destroy(guresid)).status).toBe(204);
    });

    it("ignores outputs, however bad", async () => {
      const { driver } = getStage();
      const guresid = createGuresid();
      const script = `[ "$ACTION" = create ] || { echo "{" > "$OUTPUTS_FILE"; mkfifo "$SECRET_OUTPUTS_FILE"; }`;
      await driver.provision(guresid, buildScriptRequest(script));
      expect((await driver.destroy(guresid)).status).toBe(204);
    });
  });
}
