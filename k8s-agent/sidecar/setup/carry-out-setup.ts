/** What setup does, given its surroundings: reads what it is told, sets up, reports. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { decodeMessage } from "../../../src/contract/decode.ts";
import { buildPatterns } from "../../redact/patterns.ts";
import { redactText } from "../../redact/redact-text.ts";
import { collectSecrets } from "../../redact/secrets.ts";
import { encodeSetupReport, type SetupReport } from "../messages/setup-report.ts";
import { setUp, type GitPolicy } from "./set-up.ts";
import { SetupSpec } from "./spec.ts";

export interface SetupSurroundings {
  readonly specFile: string;
  readonly reportFile: string;
  /** Made when it isn't there. */
  readonly sharedDirectory: string;
  readonly exchangeDirectory: string;
  /** A private directory is made in it, and removed. */
  readonly scratchDirectory: string;
  readonly termination: AbortSignal;
  /** Takes lines for people, free of secrets. */
  readonly log: (text: string) => void;
}

/** Sets up, and answers with the exit code: 0 when main may run. */
export async function carryOutSetup(surroundings: SetupSurroundings): Promise<0 | 1> {
  const report = await prepare(surroundings);
  surroundings.log(describe(report));
  await writeFile(surroundings.reportFile, encodeSetupReport(report));
  return report.problem === undefined && report.unchanged !== true ? 0 : 1;
}

async function prepare(surroundings: SetupSurroundings): Promise<SetupReport> {
  let redact = (text: string) => text;
  try {
    const spec = decodeMessage(SetupSpec, await readFile(surroundings.specFile));
    if (!spec.ok) return { problem: `Cannot set up: what it was told can't be read: ${spec.problem}` };
    const patterns = buildPatterns(collectSecrets(spec.value.inputs).values);
    redact = (text) => redactText(text, patterns);
    const outcome = await setUpIn(spec.value, surroundings);
    return outcome.ok ? outcome.value : { problem: redact(outcome.problem) };
  } catch (error) {
    return { problem: redact(`Cannot set up: ${error instanceof Error ? error.message : String(error)}`) };
  }
}

async function setUpIn(
  spec: SetupSpec,
  { sharedDirectory, exchangeDirectory, scratchDirectory, termination }: SetupSurroundings,
): ReturnType<typeof setUp> {
  // mkdtemp makes it private, which the volume that it is in isn't.
  const scratch = await mkdtemp(path.join(scratchDirectory, "setup-"));
  try {
    const policy = await writePolicy(spec.git ?? {}, scratch);
    await mkdir(sharedDirectory, { recursive: true });
    const paths = { sharedDirectory, exchangeDirectory };
    return await setUp(spec, { paths, scratchDirectory: scratch, signal: termination, policy });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function writePolicy(
  { knownHosts, certificateAuthorities, proxy }: NonNullable<SetupSpec["git"]>,
  directory: string,
): Promise<GitPolicy> {
  const [knownHostsFile, caFile] = ["known_hosts", "authorities.pem"].map((name) => path.join(directory, name)) as [
    string,
    string,
  ];
  if (knownHosts !== undefined) await writeFile(knownHostsFile, `${knownHosts}\n`);
  if (certificateAuthorities !== undefined) await writeFile(caFile, certificateAuthorities);
  return {
    ...(knownHosts === undefined ? {} : { knownHostsFile }),
    ...(certificateAuthorities === undefined ? {} : { caFile }),
    ...(proxy === undefined ? {} : { proxy }),
  };
}

function describe({ commit, unchanged, problem }: SetupReport): string {
  if (problem !== undefined) return problem;
  if (unchanged === true) return `The source still is at ${commit}: main does not run`;
  return commit === undefined ? "All is set up" : `All is set up, at commit ${commit}`;
}
