/** Subjects and keys, general to specific: built and taken apart here and nowhere else. */
import * as v from "valibot";
import { RunAddress, type AgentAddress } from "./names.ts";
import type { ResourceAddress } from "./run.ts";

/** What a subject carries. */
export const channels = ["requests", "events", "logs", "controls"] as const;
export type Channel = (typeof channels)[number];

const prefix = "cd.v1";
const livePrefix = `${prefix}.live`;

/** `cd.v1.events.<cluster>.<runId>`: one subject a run. */
export function buildSubject(channel: Channel, { cluster, runId }: RunAddress): string {
  return `${prefix}.${channel}.${cluster}.${runId}`;
}

/** `cd.v1.events.<cluster>.*`, or of every cluster: one wildcard is one permission. */
export function buildWildcard(channel: Channel | "agents", cluster = "*"): string {
  return `${prefix}.${channel}.${cluster}.*`;
}

/** `cd.v1.agents.<cluster>.<agent>`: what a replica announces of itself. */
export function buildAgentSubject({ cluster, agent }: AgentAddress): string {
  return `${prefix}.agents.${cluster}.${agent}`;
}

/** `cd.v1.live.events.<cluster>.<runId>`: where a journal's stream repeats an entry once it is stored. */
export function buildLiveSubject(channel: Channel, { cluster, runId }: RunAddress): string {
  return `${livePrefix}.${channel}.${cluster}.${runId}`;
}

/** From a cluster's entries to their live repetition, as a stream's `republish` has it. */
export function buildRepublish(channel: Channel, cluster: string): { readonly src: string; readonly dest: string } {
  return { src: `${prefix}.${channel}.${cluster}.>`, dest: `${livePrefix}.${channel}.${cluster}.>` };
}

/** The run that a subject is about; undefined where it isn't one of ours. */
export function parseSubject(subject: string): (RunAddress & { channel: Channel }) | undefined {
  const [cd, v1, channel, cluster, runId, ...rest] = subject.split(".");
  if (`${cd}.${v1}` !== prefix || rest.length > 0) return undefined;
  const known = channels.find((name) => name === channel);
  const address = v.safeParse(RunAddress, { cluster, runId });
  return known !== undefined && address.success ? { channel: known, ...address.output } : undefined;
}

/** The key of a resource's record. Neither part can hold a dot. */
export function buildResourceKey({ driver, guresid }: ResourceAddress): string {
  return `${driver}.${guresid}`;
}
