/**
 * How git proves who it is. Secrets are files in a private directory, never arguments, variables or configuration:
 *
 * - a password is in a program that git asks for it (`GIT_ASKPASS`), which gives it to the one protocol, host and port
 *   that it was written for, so that a redirect doesn't carry it elsewhere. Git's own credential store would need a shell;
 * - an ssh key is in a file that an ssh configuration of ours names, beside which no other counts.
 */
import { writeFile } from "node:fs/promises";
import path from "node:path";
import type { ContainerInputs } from "../../../../src/contract/container/inputs.ts";
import type { GitUrl } from "../../../../src/contract/container/source.ts";
import { stringifyJson } from "../../../../src/contract/json.ts";
import { refuse, succeed, type Result } from "../../../../src/contract/result.ts";
import type { GitSession } from "./run-git.ts";
import { writeProgram } from "./write-program.ts";

/** What the agent's operator decides about git; a request can't. */
export interface GitPolicy {
  /** A known_hosts file for requests that bring none. */
  readonly knownHostsFile?: string;
  /** PEM file of certificate authorities, instead of the system's. */
  readonly caFile?: string;
  /** The proxy that leads to https hosts, `http://host:port`. */
  readonly proxy?: string;
}

export interface CredentialInputs {
  readonly url: GitUrl;
  readonly username: string | undefined;
  readonly secrets: ContainerInputs["secrets"]["source"];
  readonly policy: GitPolicy;
  /** Private, and removed when git is done. */
  readonly home: string;
}

type Settings = Pick<GitSession, "config" | "env">;

/** Writes the credentials that fit the URL; answers with the settings that make git use them, and nothing else. */
export async function prepareCredentials(inputs: CredentialInputs): Promise<Result<Settings>> {
  return inputs.url.transport === "ssh" ? prepareSsh(inputs) : succeed(await preparePassword(inputs));
}

async function preparePassword({ url, username, secrets, policy, home }: CredentialInputs): Promise<Settings> {
  const env = {
    ...(policy.caFile === undefined ? {} : { GIT_SSL_CAINFO: policy.caFile }),
    ...(policy.proxy === undefined ? {} : { https_proxy: policy.proxy }),
  };
  if (secrets?.password === undefined) return { config: [], env };
  const program = path.join(home, "askpass");
  // Hosts that go by a token alone take any name.
  const answers = { Username: username ?? "git", Password: secrets.password };
  await writeProgram(program, buildAskpass(`${url.transport}://${url.host}`, answers));
  return { config: [], env: { ...env, GIT_ASKPASS: program } };
}

/** Git asks "Password for 'https://name@host': ", with the name percent-encoded; whoever isn't the host gets no answer. */
function buildAskpass(origin: string, answers: Record<"Username" | "Password", string>): string {
  const [scheme = "", host = ""] = origin.split("://").map((part) => RegExp.escape(part));
  const question = `^(Username|Password) for '${scheme}://(?:[\\w.~%-]*@)?${host}': $`;
  return `
const asked = new RegExp(${stringifyJson(question)}).exec(process.argv[2] ?? "");
if (asked === null) process.exit(1);
process.stdout.write(${stringifyJson(answers)}[asked[1]] + "\\n");`;
}

async function prepareSsh({ secrets, policy, home }: CredentialInputs): Promise<Result<Settings>> {
  if (secrets?.ssh_key === undefined) {
    return refuse("the URL is an ssh one and there is no key: give driver.secrets.source.ssh_key");
  }
  const [key, own, config] = ["ssh_key", "known_hosts", "ssh_config"].map((name) => path.join(home, name));
  // ssh refuses a key whose last line doesn't end, or that went through Windows.
  await writeFile(key ?? "", `${secrets.ssh_key.replace(/\r\n?/g, "\n").trimEnd()}\n`, { mode: 0o600 });
  await writeFile(own ?? "", `${secrets.known_hosts ?? ""}\n`, { mode: 0o600 });
  const known = secrets.known_hosts === undefined ? policy.knownHostsFile : own;
  await writeFile(config ?? "", buildSshConfig({ key, known, fresh: own }), { mode: 0o600 });
  const program = path.join(home, "ssh");
  await writeProgram(program, buildSsh(config ?? ""));
  return succeed({ config: [], env: { GIT_SSH: program, GIT_SSH_VARIANT: "ssh" } });
}

/** The ssh of PATH, with the configuration that git can't be told to add. */
function buildSsh(config: string): string {
  return `
const { spawnSync } = process.getBuiltinModule("node:child_process");
const ssh = spawnSync("ssh", ["-F", ${stringifyJson(config)}, ...process.argv.slice(2)], { stdio: "inherit" });
if (ssh.error !== undefined) console.error("Cannot start ssh: " + ssh.error.message);
process.exit(ssh.status ?? 255);`;
}

/**
 * Where neither the request nor the operator says which host keys are right, any is accepted (`accept-new`): nothing
 * would be gained by a refusal that people would learn to switch off, but it does not protect against a false host.
 */
function buildSshConfig(files: Record<"key" | "known" | "fresh", string | undefined>): string {
  const settings = {
    IdentityFile: `"${files.key}"`,
    IdentitiesOnly: "yes",
    IdentityAgent: "none",
    PreferredAuthentications: "publickey",
    BatchMode: "yes",
    StrictHostKeyChecking: files.known === undefined ? "accept-new" : "yes",
    UserKnownHostsFile: `"${files.known ?? files.fresh}"`,
    GlobalKnownHostsFile: "/dev/null",
    UpdateHostKeys: "no",
    ForwardAgent: "no",
    ClearAllForwardings: "yes",
    ControlMaster: "no",
    ControlPath: "none",
    PermitLocalCommand: "no",
    ConnectTimeout: "30",
    ServerAliveInterval: "20",
    ServerAliveCountMax: "3",
    LogLevel: "ERROR",
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name} ${value}\n`)
    .join("");
}
