/** What the operator decides about git, for local runs as files, for pods as what the files hold. */
import { readFileSync } from "node:fs";
import type { GitPolicy } from "../../k8s-agent/sidecar/setup/set-up.ts";
import type { GitTexts } from "../../k8s-agent/sidecar/setup/spec.ts";
import type { AgentConfig } from "./config.ts";

export type GitConfig = Pick<AgentConfig, "GIT_CA_FILE" | "GIT_KNOWN_HOSTS_FILE" | "GIT_PROXY">;

export function buildGitPolicy({ GIT_CA_FILE, GIT_KNOWN_HOSTS_FILE, GIT_PROXY }: GitConfig): GitPolicy {
  return {
    ...(GIT_CA_FILE !== undefined && { caFile: GIT_CA_FILE }),
    ...(GIT_KNOWN_HOSTS_FILE !== undefined && { knownHostsFile: GIT_KNOWN_HOSTS_FILE }),
    ...(GIT_PROXY !== undefined && { proxy: GIT_PROXY }),
  };
}

/** Throws where a file can't be read: every run with a source would fail. */
export function readGitTexts({ GIT_CA_FILE, GIT_KNOWN_HOSTS_FILE, GIT_PROXY }: GitConfig): GitTexts {
  return {
    ...(GIT_CA_FILE !== undefined && { certificateAuthorities: readFileSync(GIT_CA_FILE, "utf8") }),
    ...(GIT_KNOWN_HOSTS_FILE !== undefined && { knownHosts: readFileSync(GIT_KNOWN_HOSTS_FILE, "utf8") }),
    ...(GIT_PROXY !== undefined && { proxy: GIT_PROXY }),
  };
}
