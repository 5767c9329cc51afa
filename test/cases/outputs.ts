/** What a container writes comes back as it is, or is refused with a reason. */
import { describe, expect, it } from "vitest";
import { isJsonObject } from "../../src/contract/json.ts";
import { limits } from "../../src/contract/limits.ts";
import { createGuresid, readBody, readMessage, readSecrets, readValues } from "../support/driver-client.ts";
import { buildScriptRequest, writeInShell } from "../support/script-request.ts";
import type { GetStage } from "./stage.ts";

/** Every JSON type, and what JavaScript's own numbers and strings would change. */
const everyType =
  '{"past":9007199254740993,"longer":-123456789012345678901234567890,"one":1.0,"huge":1e400,"tiny":1E-400,"zero":-0,' +
  '"text":"snö 🦊 \\u0000   \\ud800 \\"quoted\\" \\\\","empty":"","yes":true,"no":false,"nothing":null,' +
  '"list":[1,[2,[3,[]]],{},"x",null],"object":{"deep":{"er":{"still":[0.1,1e2]}}},"constructor":1,"":"no name","a.b-c/d":2}';

export function describeOutputs(getStage: GetStage): void {
  describe("outputs", () => {
    it("come back byte for byte, of every JSON type, plain and secret", async () => {
      const { driver } = getStage();
      const guresid = createGuresid();
      const secret = everyType.replace("no name", "a secret");
      const script = `${writeInShell("$OUTPUTS_FILE", everyType)}\n${writeInShell("$SECRET_OUTPUTS_FILE", secret)}`;
      const answer = await driver.provision(guresid, buildScriptRequest(script));
      expect(answer.text).toBe(
        `{"id":"${guresid}","type":"example","resource":{"values":${everyType},"secrets":${secret}},"manifests":[]}`,
      );
      expect(answer.status).toBe(200);
      expect(answer.headers["content-type"]).toBe("application/json");
      expect((await driver.get(guresid)).text).toBe(answer.text);
    });

    it("that were not written are empty", async () => {
      const { driver } = getStage();
      const answer = await driver.provision(createGuresid(), buildScriptRequest("exit 0"));
      expect(answer.status).toBe(200);
      expect(readBody(answer)).toMatchObject({ resource: { values: {}, secrets: {} }, manifests: [] });
    });

    it("hold manifests under either key, locations as they were given", async () => {
      const { driver } = getStage();
      const manifests = `[{"location": "namespace", "data": {"kind": "ConfigMap", "n": 1.0}},
        {"location": "volumes", "manifest": [1, null]}, {"location": "container", "data": null}]`;
      const answer = await driver.provision(
        createGuresid(),
        buildScriptRequest(writeInShell("$MANIFESTS_FILE", manifests)),
      );
      expect(answer.status).toBe(200);
      expect(answer.text).toContain(
        '"manifests":[{"location":"namespace","data":{"kind":"ConfigMap","n":1.0}},' +
          '{"location":"volumes","data":[1,null]},{"location":"container","data":null}]',
      );
    });

    it("may be as large as the limit", async () => {
      const { driver } = getStage();
      const length = limits.outputsBytes - '{"text":""}'.length;
      const script = `{ printf '{"text":"'; head -c ${length} /dev/zero | tr '\\0' x; printf '"}'; } > "$OUTPUTS_FILE"`;
      const answer = await driver.provision(createGuresid(), buildScriptRequest(script));
      expect(readValues(answer)["text"]).toBe("x".repeat(length));
    });

    it("may have so many names that an event can't list them", async () => {
      const { driver } = getStage();
      const count = 50_000;
      const script = `awk 'BEGIN { printf "{"; for (i = 0; i < ${count}; i++) printf "%s\\"n%06d\\":1", i ? "," : "", i; print "}" }' > "$OUTPUTS_FILE"`;
      const answer = await driver.provision(createGuresid(), buildScriptRequest(script));
      expect(Object.keys(readValues(answer))).toHaveLength(count);
    });
  });

  describe("an outputs file that can't be taken", () => {
    const over = limits.outputsBytes + 1;
    it.each([
      ["isn't JSON", `printf '{"a": 1,}' > "$OUTPUTS_FILE"`, /OUTPUTS_FILE: not JSON/],
      ["ends in the middle", `printf '{"a": "b' > "$OUTPUTS_FILE"`, /OUTPUTS_FILE: not JSON: it ends in the middle/],
      ["is empty", `: > "$OUTPUTS_FILE"`, /OUTPUTS_FILE: it is empty/],
      ["is a list", `printf '[1]' > "$OUTPUTS_FILE"`, /OUTPUTS_FILE: not an object but a list/],
      ["is a string", `printf '"a"' > "$SECRET_OUTPUTS_FILE"`, /SECRET_OUTPUTS_FILE: not an object but a string/],
      ["isn't UTF-8", `printf '{"a": "\\377"}' > "$OUTPUTS_FILE"`, /OUTPUTS_FILE: not UTF-8/],
      [
        "begins with a byte order mark",
        `printf '\\357\\273\\277{}' > "$OUTPUTS_FILE"`,
        /OUTPUTS_FILE: .*byte order mark/,
      ],
      ["has the key __proto__", `printf '{"a": {"__proto__": {}}}' > "$OUTPUTS_FILE"`, /OUTPUTS_FILE: .*__proto__/],
      [
        "is over the limit",
        `head -c ${over} /dev/zero > "$OUTPUTS_FILE"`,
        new RegExp(`OUTPUTS_FILE: .*${over} bytes, the limit is ${limits.outputsBytes} bytes`),
      ],
      [
        "is far over the limit, and has no bytes on disk",
        `dd if=/dev/zero of="$OUTPUTS_FILE" bs=1 count=1 seek=20000000000 2> /dev/null`,
        /OUTPUTS_FILE: .*20000000001 bytes, the limit is/,
      ],
      [
        "is 100,000 levels deep",
        `{ printf '{"a":'; head -c 100000 /dev/zero | tr '\\0' '['; head -c 100000 /dev/zero | tr '\\0' ']'; printf '}'; } > "$OUTPUTS_FILE"`,
        new RegExp(`OUTPUTS_FILE: .*100001 levels, the limit is ${limits.jsonDepth} levels`),
      ],
      ["is a symbolic link", `echo '{}' > real; ln -s "$PWD/real" "$OUTPUTS_FILE"`, /OUTPUTS_FILE: .*symbolic link/],
      [
        "is a link to a file of ours",
        `ln -s /etc/passwd "$SECRET_OUTPUTS_FILE"`,
        /SECRET_OUTPUTS_FILE: .*symbolic link/,
      ],
      ["is a FIFO", `mkfifo "$OUTPUTS_FILE"`, /OUTPUTS_FILE: .*FIFO/],
      ["is a directory", `mkdir "$OUTPUTS_FILE"`, /OUTPUTS_FILE: .*directory/],
      [
        "holds a manifest for an unknown place",
        `printf '[{"location": "moon", "data": 1}]' > "$MANIFESTS_FILE"`,
        /MANIFESTS_FILE: .*location.* must be one of container/,
      ],
    ])("fails the run when it %s", async (_, script, problem) => {
      const { driver } = getStage();
      const guresid = createGuresid();
      const answer = await driver.provision(guresid, buildScriptRequest(script));
      expect(readMessage(answer)).toMatch(problem);
      expect(answer.status).toBe(400);
      expect(readBody(answer)["error"]).toBe("RES-101");
      expect((await driver.get(guresid)).status).toBe(400);
    });

    it("leaves the server as well as it was", async () => {
      const { driver } = getStage();
      const answer = await driver.provision(
        createGuresid(),
        buildScriptRequest(`echo '{"well": true}' > "$OUTPUTS_FILE"`),
      );
      expect(readValues(answer)).toEqual({ well: true });
      expect(isJsonObject(readSecrets(answer))).toBe(true);
    });
  });
}
