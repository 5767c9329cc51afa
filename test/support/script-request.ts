/** Requests whose container is a shell script in `files`: what most cases need. */
import type { JsonObject } from "../../src/contract/json.ts";

/** Where the scripts of these requests run, in the container's own words. */
export const workspace = "/home/runneruser/workspace";

export interface ScriptOptions {
  readonly resource?: JsonObject;
  /** Beside image, command and shared_directory, or in their place. */
  readonly job?: JsonObject;
  /** Beside `job` in `driver.values`. */
  readonly values?: JsonObject;
  /** Beside `run.sh` in `driver.values.files`. */
  readonly files?: Readonly<Record<string, string>>;
  readonly secrets?: JsonObject;
}

/** A request that runs the script with `/bin/sh <shared_directory>/run.sh`; it stops at the first command that fails. */
export function buildScriptRequest(script: string, options: ScriptOptions = {}) {
  const { resource = {}, job = {}, values = {}, files = {}, secrets = {} } = options;
  return {
    type: "example",
    resource,
    driver: {
      values: {
        job: {
          image: "busybox:1.37",
          command: ["/bin/sh"],
          args: [`${workspace}/run.sh`],
          shared_directory: workspace,
          ...job,
        },
        files: { "run.sh": `set -eu\n${script}\n`, ...files },
        ...values,
      },
      secrets,
    },
  };
}

/** A line of shell that writes the text to a file, whatever is in it but a line `END`. */
export function writeInShell(target: string, text: string): string {
  return `cat > "${target}" <<'END'\n${text}\nEND`;
}
