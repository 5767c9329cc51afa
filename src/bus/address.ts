/**
 * Addresses and keys come out of schemas, so a bad one is a mistake of ours. It is looked at once more where it becomes a
 * subject, because a `*` or a dot in the wrong place would reach into other clusters' subjects.
 */
import * as v from "valibot";
import { AgentAddress, type RunAddress } from "../contract/names.ts";
import { buildSubject, buildWildcard, parseSubject, type Channel } from "../contract/subjects.ts";

/** The subject of a run; throws a TypeError where the address isn't one run's. */
export function toSubject(channel: Channel, address: RunAddress): string {
  const subject = buildSubject(channel, address);
  if (parseSubject(subject) === undefined) throw new TypeError(`Cannot address ${quote(subject)}: not a run's subject`);
  return subject;
}

/** Throws a TypeError unless this is one subject token that can name a cluster. */
export function checkCluster(cluster: string): string {
  if (!/^[a-z0-9-]{1,63}$/.test(cluster)) throw new TypeError(`Cannot take requests of ${quote(cluster)}: not a name`);
  return cluster;
}

/** The wildcard of a cluster's runs; throws a TypeError unless the cluster's name is one subject token. */
export function toWildcard(channel: Channel, cluster: string): string {
  return buildWildcard(channel, checkCluster(cluster));
}

/** Throws a TypeError unless both names are one subject token. */
export function checkAgent(address: AgentAddress): AgentAddress {
  if (v.is(AgentAddress, address)) return address;
  throw new TypeError("Cannot announce an agent: its name or its cluster's is no subject token");
}

/** Throws a TypeError unless this is a key that NATS takes (ADR-8) and that has no wildcard in it. */
export function checkKey(key: string): string {
  if (!/^[-/=\w]+(\.[-/=\w]+)*$/.test(key)) throw new TypeError(`Cannot use the key ${quote(key)}: not a record's key`);
  return key;
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}
