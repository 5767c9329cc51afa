/** The broker is not trusted: what lies in its files after many runs tells nothing that was secret. */
import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { createGuresid, readMessage, readSecrets, readValues } from "../support/driver-client.ts";
import { buildScriptRequest } from "../support/script-request.ts";
import { readTree } from "../support/temporary-directory.ts";
import { waitUntilIdle } from "./run-story.ts";
import { openStage, timeout } from "./stage.ts";

const runs = 100;
const callers = 6;

const makeCanary = (place: string) => `canary-${place}-${randomBytes(12).toString("hex")}`;

/** A secret in each place that a request and a container have for one. */
function makeCanaries() {
  return {
    account: makeCanary("account"),
    variable: makeCanary("variable"),
    file: makeCanary("file"),
    resource: makeCanary("resource"),
    output: makeCanary("output"),
    secretOutput: makeCanary("secret-output"),
  };
}
type Canaries = ReturnType<typeof makeCanaries>;

/** Says its secrets in every way that a log is masked for, and every fifth one fails with them on its lips. */
function buildRequest(canaries: Canaries, n: number) {
  const script = `
    cat key.pem; echo "$VARIABLE"; echo "$ACCOUNT" >&2
    for word in "$VARIABLE" "$ACCOUNT" "$(cat key.pem)"; do printf %s "$word" | base64 -w 0; echo; printf 'user:%s' "$word" | base64 -w 0; echo; done
    printf '{"value": "%s"}' "${spell(canaries.output)}" > "$OUTPUTS_FILE"
    printf '{"value": "%s"}' "${spell(canaries.secretOutput)}" > "$SECRET_OUTPUTS_FILE"
    echo "public word of run ${n}"
    [ ${n % 5} != 4 ] || { cat key.pem > "$ERROR_FILE"; echo " $VARIABLE" >> "$ERROR_FILE"; exit 1; }`;
  return buildScriptRequest(script, {
    resource: { secret: canaries.resource },
    values: { credentials_config: { environment: { ACCOUNT: "key" } }, append_logs_to_error: true },
    secrets: {
      account: { key: canaries.account },
      job: { variables: { VARIABLE: canaries.variable } },
      files: { "key.pem": canaries.file },
    },
  });
}

/** In shell, so that what main prints of its own script doesn't hold the word. */
const spell = (word: string) => word.split("").join('""');

/** A word as it is, in hex, and in base64 whatever stands before it. */
function listForms(word: string): string[] {
  const inside = [0, 1, 2].map((shift) => {
    const text = Buffer.from(`${"-".repeat(shift)}${word}`).toString("base64");
    return text.slice(shift === 0 ? 0 : 4, -4);
  });
  return [word, Buffer.from(word).toString("hex"), ...inside];
}

test(
  "after 100 runs with secrets none of them is in the broker's storage, in any form",
  { timeout },
  async (context) => {
    const stage = await openStage(context);
    const [driver] = await Promise.all([stage.openFrontDoor(), stage.startAgent()]);
    const canaries = Array.from({ length: runs }, makeCanaries);
    const queue = canaries.entries();

    async function call(): Promise<void> {
      for (const [n, secrets] of queue) {
        const answer = await driver.provision(createGuresid(), buildRequest(secrets, n));
        if (n % 5 === 4) expect(readMessage(answer)).toContain(`public word of run ${n}`);
        else {
          expect(readValues(answer)).toEqual({ value: secrets.output });
          expect(readSecrets(answer)).toEqual({ value: secrets.secretOutput });
        }
      }
    }

    await Promise.all(Array.from({ length: callers }, call));
    await waitUntilIdle(stage);
    // What the server has in memory only is in its files once it has ended.
    await stage.server.kill("SIGTERM");
    const files = [...(await readTree(stage.server.storeDirectory)).values()].join("\n");
    for (let n = 0; n < runs; n++) expect(files).toContain(`public word of run ${n}\n`);
    const forms = canaries.flatMap((secrets) => Object.values(secrets).flatMap(listForms));
    expect(forms.filter((form) => files.includes(form))).toEqual([]);
  },
);
