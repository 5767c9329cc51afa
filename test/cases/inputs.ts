/** What a request holds is what the container finds: files, variables, credentials, and nothing else. */
import { describe, expect, it } from "vitest";
import { contractVariables } from "../../src/contract/container/variables.ts";
import { createGuresid, readBody, readSecrets, readText, readValues } from "../support/driver-client.ts";
import { buildScriptRequest, workspace, writeInShell, type ScriptOptions } from "../support/script-request.ts";
import type { GetStage } from "./stage.ts";

/** Shell that writes the shell's own environment, as it was started with, to the outputs. */
const writeEnvironment = `printf '{"environment":"%s"}' "$(base64 < /proc/$$/environ | tr -d '\\n')" > "$OUTPUTS_FILE"`;

/** `ambient`: variables that the place where containers run adds to the contract's. */
export function describeInputs(getStage: GetStage, { ambient }: { ambient: readonly string[] }): void {
  const provision = (script: string, options: ScriptOptions = {}) =>
    getStage().driver.provision(createGuresid(), buildScriptRequest(script, options));

  const readEnvironment = async (options: ScriptOptions): Promise<Record<string, string>> => {
    const { environment } = readValues(await provision(writeEnvironment, options));
    const entries = Buffer.from(readText(environment), "base64").toString().split("\0").filter(Boolean);
    return Object.fromEntries(
      entries.map((entry) => [entry.slice(0, entry.indexOf("=")), entry.slice(entry.indexOf("=") + 1)]),
    );
  };

  describe("the container", () => {
    it("finds the request's `resource` in RESOURCE_INPUTS_FILE, without losing a digit", async () => {
      const { driver } = getStage();
      const resource = '{"n":9007199254740993,"one":1.0,"huge":1e400,"text":"\\u0000 🦊","list":[[],{}],"none":null}';
      const request = JSON.stringify(buildScriptRequest(`cat "$RESOURCE_INPUTS_FILE" > "$OUTPUTS_FILE"`));
      const answer = await driver.provision(
        createGuresid(),
        request.replace('"resource":{}', `"resource":${resource}`),
      );
      expect(answer.text).toContain(`"values":${resource},"secrets"`);
    });

    it("has exactly the contract's environment", async () => {
      const environment = await readEnvironment({});
      expect(Object.keys(environment).sort()).toEqual([...contractVariables, "HOME", ...ambient].sort());
      const { HOME, SCRIPTS_DIRECTORY } = environment;
      expect(environment["ACTION"]).toBe("create");
      expect(SCRIPTS_DIRECTORY).toBe(HOME);
    });

    it("has the request's variables, plain and secret, whatever is in their names and values", async () => {
      const plain = { PLAIN: "a b\nc='\"$(id)", "with-hyphens.and.dots": "h", EMPTY: "", _under: "ü🦊", HOME: "/tmp" };
      const secret = { SECRET: "s3cr3t value", "secret-hyphen": "x=y" };
      const environment = await readEnvironment({
        job: { variables: plain },
        secrets: { job: { variables: secret } },
      });
      expect(environment).toMatchObject({ ...plain, ...secret });
      expect(Object.keys(environment).sort()).toEqual(
        [...new Set([...contractVariables, ...Object.keys(plain), ...Object.keys(secret), ...ambient])].sort(),
      );
    });

    it("works in SCRIPTS_DIRECTORY, which is absolute, writable and its home", async () => {
      const script = `[ "$PWD" = "$SCRIPTS_DIRECTORY" ] && [ "$HOME" = "$SCRIPTS_DIRECTORY" ]
        case "$SCRIPTS_DIRECTORY" in /*) ;; *) exit 9 ;; esac
        mkdir -p sub && echo '{"wrote": true}' > sub/out.json && cat sub/out.json > "$OUTPUTS_FILE"`;
      expect(readValues(await provision(script))).toEqual({ wrote: true });
    });

    it("finds its files, nested and secret ones, byte for byte", async () => {
      const text = "line\n\n  snö 🦊 'quoted' \"twice\" $HOME\\n\r\n\tno end";
      const script = `printf '{"plain":"%s","secret":"%s","empty":%s}' "$(base64 < "gcp-gcs/deep/er/terraform.tfvars.json" | tr -d '\\n')" \\
        "$(base64 < secret/key.pem | tr -d '\\n')" "$(wc -c < empty | tr -d ' ')" > "$OUTPUTS_FILE"`;
      const values = readValues(
        await provision(script, {
          files: { "gcp-gcs/deep/er/terraform.tfvars.json": text, empty: "" },
          secrets: { files: { "secret/key.pem": `${text}!` } },
        }),
      );
      expect(Buffer.from(readText(values["plain"]), "base64").toString()).toBe(text);
      expect(Buffer.from(readText(values["secret"]), "base64").toString()).toBe(`${text}!`);
      expect(values["empty"]).toBe(0);
    });

    it("gets credentials of the account as the request names them", async () => {
      const account = { access_key_id: "AKIAEXAMPLE", key: { type: "service_account", n: 1.5 }, unused: "stays away" };
      const environment = await readEnvironment({
        values: { credentials_config: { environment: { AWS_ACCESS_KEY_ID: "access_key_id", GOOGLE_KEY: "key" } } },
        secrets: { account },
      });
      expect(environment).toMatchObject({
        AWS_ACCESS_KEY_ID: "AKIAEXAMPLE",
        GOOGLE_KEY: '{"type":"service_account","n":1.5}',
      });
      expect(JSON.stringify(environment)).not.toContain("stays away");
    });

    it("finds credentials in a file of variables", async () => {
      const answer = await provision(`cat tf/credentials.auto.tfvars.json > "$SECRET_OUTPUTS_FILE"`, {
        values: {
          credentials_config: {
            script_variables: {
              variables: { key_id: "access_key_id", service_account: "key" },
              file: "tf/credentials.auto.tfvars.json",
            },
          },
        },
        secrets: { account: { access_key_id: "AKIAEXAMPLE", key: { n: 1 }, unused: "x" } },
      });
      expect(readSecrets(answer)).toEqual({ key_id: "AKIAEXAMPLE", service_account: { n: 1 } });
    });

    it("finds its shared directory under the path that the request gives it", async () => {
      const elsewhere = "/mnt/scripts-here";
      const request = buildScriptRequest(`echo '{"ran": true}' > "$OUTPUTS_FILE"`, {
        job: { shared_directory: elsewhere, args: [`${elsewhere}/run.sh`] },
      });
      expect(readValues(await getStage().driver.provision(createGuresid(), request))).toEqual({ ran: true });
    });

    it("can be started by its command alone, without a shell", async () => {
      const request = buildScriptRequest("unused", {
        job: { command: ["cp", `${workspace}/out.json`, `${workspace}/copy.json`], args: null },
        files: { "out.json": "{}" },
      });
      const { args: _, ...job } = request.driver.values.job;
      const answer = await getStage().driver.provision(createGuresid(), {
        ...request,
        driver: { ...request.driver, values: { ...request.driver.values, job } },
      });
      expect(answer.status).toBe(200);
    });

    it("runs where the request's cluster leads to", async () => {
      for (const cluster of [
        "prod-europe",
        { name: "prod" },
        { account: "org/a", cluster: { name: "prod", zone: 1 } },
      ]) {
        expect((await provision("exit 0", { values: { cluster } })).status).toBe(200);
      }
    });

    it("may be given as much as a request may hold", async () => {
      const text = "0123456789abcdef".repeat(30_000);
      const answer = await provision(`printf '{"bytes": %s}' "$(wc -c < large.txt | tr -d ' ')" > "$OUTPUTS_FILE"`, {
        files: { "large.txt": text },
      });
      expect(readValues(answer)).toEqual({ bytes: text.length });
    });

    it("may be given JSON as deep as the limit", async () => {
      const deep = `${"[".repeat(97)}${"]".repeat(97)}`;
      const request = JSON.stringify(buildScriptRequest(`cat "$RESOURCE_INPUTS_FILE" > "$OUTPUTS_FILE"`));
      const answer = await getStage().driver.provision(
        createGuresid(),
        request.replace('"resource":{}', `"resource":{"deep":${deep}}`),
      );
      expect(answer.text).toContain(deep);
      expect(answer.status).toBe(200);
    });

    it("need not be told what is null: writers in Go send that for an empty map", async () => {
      const request = buildScriptRequest("exit 0");
      const answer = await getStage().driver.provision(createGuresid(), {
        ...request,
        driver: { values: request.driver.values, secrets: null },
      });
      expect(readBody(answer)).toMatchObject({ resource: { values: {} } });
    });

    it("finds nothing of the run before it", async () => {
      const guresid = createGuresid();
      const { driver } = getStage();
      const script = (n: number) =>
        `ls -a > list; printf '{"n": ${n}, "left": "%s"}' "$(cat left-behind 2>/dev/null)" > "$OUTPUTS_FILE"
         echo something > left-behind; ${writeInShell("$SECRET_OUTPUTS_FILE", "{}")}`;
      await driver.provision(guresid, buildScriptRequest(script(1)));
      expect(readValues(await driver.provision(guresid, buildScriptRequest(script(2))))).toEqual({ n: 2, left: "" });
    });
  });
}
