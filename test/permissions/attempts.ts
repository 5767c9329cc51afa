/**
 * What somebody with the credentials of cluster `mine`, or of a team that may read it, could try: every verb of NATS and JetStream, against what is its own
 * and what isn't. One attempt is one message.
 */
import { headers, type MsgHdrs } from "@nats-io/nats-core";
import { buildBucketStream, buildRecordSubject, buildStreamName, buckets } from "../../src/contract/streams.ts";

export const mine = "mine";
export const theirs = "theirs";
/** Each cluster has both: one that waits, and one that its agent holds. */
export const runIds = { queued: "01m82mpgn67c16avxrbe0bj1xt", leased: "01m82mpgn8fna3ccwrsxpeq32g" } as const;
/** A run that there isn't. */
export const newRun = "01m82mpgnc8qnhnmmmbjp2bbkw";
export const recordKey = "container.a-resource";
/** Of the state of webhooks. */
export const webhooksKey = "a-team.mine";

export interface Attempt {
  readonly subject: string;
  readonly data?: string;
  readonly headers?: MsgHdrs;
  /** Left out: an inbox of our own. */
  readonly reply?: string;
}

/** Attempts that are alike. */
export interface Attempts {
  readonly name: string;
  readonly attempts: readonly Attempt[];
}

const channels = ["requests", "events", "logs", "agents", "controls"] as const;
const streamsOf = (cluster: string) => channels.map((channel) => buildStreamName(channel, cluster));
const streams = [...streamsOf(theirs), ...buckets.map(buildBucketStream), ...streamsOf(mine)];
const consumersOf = (stream: string) => (stream.endsWith(mine) ? [mine] : [theirs]);
const json = (value: unknown) => JSON.stringify(value);

/** The API in the hub as agents call it, JetStream of one's own account, and that of a domain. */
const prefixes = ["HUB.API", "$JS.API", "$JS.hub.API"];

/** `rest` of a verb's subject, and what makes it do most harm. */
type Verb = readonly [name: string, build: (stream: string) => readonly Attempt[]];

const streamVerbs: readonly Verb[] = [
  ["STREAM.INFO", (s) => [{ subject: s, data: json({ subjects_filter: ">" }) }]],
  ["STREAM.CREATE", (s) => [{ subject: s, data: json({ name: s, subjects: [`${s}.>`] }) }]],
  ["STREAM.UPDATE", (s) => [{ subject: s, data: json({ name: s, subjects: ["x"], max_msgs: 1 }) }]],
  ["STREAM.DELETE", (s) => [{ subject: s }]],
  ["STREAM.PURGE", (s) => [{ subject: s }, { subject: s, data: json({ filter: ">", keep: 0 }) }]],
  ["STREAM.MSG.GET", (s) => [{ subject: s, data: json({ seq: 1 }) }]],
  ["STREAM.MSG.DELETE", (s) => [{ subject: s, data: json({ seq: 1 }) }]],
  ["STREAM.SNAPSHOT", (s) => [{ subject: s, data: json({ deliver_subject: "_INBOX.snapshot" }) }]],
  ["STREAM.RESTORE", (s) => [{ subject: s, data: json({ config: { name: s }, state: {} }) }]],
  ["STREAM.LEADER.STEPDOWN", (s) => [{ subject: s }]],
  ["STREAM.PEER.REMOVE", (s) => [{ subject: s, data: json({ peer: "x" }) }]],
  ["CONSUMER.NAMES", (s) => [{ subject: s }]],
  ["CONSUMER.LIST", (s) => [{ subject: s }]],
  ["CONSUMER.CREATE", (s) => [s, `${s}.spy`, `${s}.spy.>`].map((subject) => ({ subject, data: consumer(s) }))],
  ["CONSUMER.DURABLE.CREATE", (s) => [{ subject: `${s}.spy`, data: consumer(s) }]],
  ["DIRECT.GET by sequence", (s) => directGets(s)],
  ["DIRECT.GET by subject", (s) => keepersOf(s).map((subject) => ({ subject: `${s}.${subject}` }))],
];

const consumerVerbs: readonly Verb[] = [
  ["CONSUMER.INFO", (c) => [{ subject: c }]],
  ["CONSUMER.DELETE", (c) => [{ subject: c }]],
  ["CONSUMER.PAUSE", (c) => [{ subject: c, data: json({ pause_until: "2100-01-01T00:00:00Z" }) }]],
  ["CONSUMER.RESET", (c) => [{ subject: c }]],
  ["CONSUMER.UNPIN", (c) => [{ subject: c, data: json({ group: "x" }) }]],
  ["CONSUMER.LEADER.STEPDOWN", (c) => [{ subject: c }]],
  [
    "CONSUMER.MSG.NEXT",
    (c) => [
      { subject: c, data: json({ batch: 100, no_wait: true }) },
      { subject: c, data: "1" },
    ],
  ],
];

const apiVerbs = (hub: string): readonly Verb[] => [
  ["INFO", () => [{ subject: "" }]],
  ["STREAM.NAMES", () => [{ subject: "" }]],
  ["STREAM.LIST", () => [{ subject: "" }]],
  ["META.LEADER.STEPDOWN", () => [{ subject: "" }]],
  ["SERVER.REMOVE", () => [{ subject: "", data: json({ peer: "x" }) }]],
  ["ACCOUNT.PURGE", () => [{ subject: hub }]],
  [
    "ACCOUNT.STREAM.MOVE",
    () => streams.map((stream) => ({ subject: `${hub}.${stream}`, data: json({ server: "x" }) })),
  ],
];

function consumer(stream: string): string {
  const config = { durable_name: "spy", name: "spy", ack_policy: "none", deliver_subject: "_INBOX.spy" };
  return json({ stream_name: stream, config, action: "" });
}

function directGets(stream: string): Attempt[] {
  const bodies = [
    { seq: 1 },
    { last_by_subj: `cd.v1.events.${theirs}.${runIds.queued}` },
    { seq: 1, next_by_subj: ">", batch: 100 },
    { multi_last: [">"], batch: 100 },
  ];
  return bodies.map((body) => ({ subject: stream, data: json(body) }));
}

/** Subjects of messages in a stream. */
function keepersOf(stream: string): string[] {
  if (stream === buildBucketStream("resources")) return [buildRecordSubject("resources", recordKey), ">"];
  if (stream === buildBucketStream("webhooks")) return [buildRecordSubject("webhooks", webhooksKey), ">"];
  const [channel = "", cluster = ""] = stream.split("-");
  return [runIds.queued, runIds.leased, "*", ">"].map((last) => `cd.v1.${channel}.${cluster}.${last}`);
}

function describeApi(hub: string): Attempts[] {
  const spell = (name: string, targets: readonly Attempt[]): Attempts => ({
    name: `JetStream ${name}`,
    attempts: prefixes.flatMap((prefix) =>
      targets.map((target) => ({
        ...target,
        subject: [prefix, name.split(" ")[0], target.subject].filter((part) => part !== "").join("."),
      })),
    ),
  });
  return [
    ...apiVerbs(hub).map(([name, build]) => spell(name, build(""))),
    ...streamVerbs.map(([name, build]) => spell(name, streams.flatMap(build))),
    ...consumerVerbs.map(([name, build]) =>
      spell(
        name,
        streams.flatMap((s) => [...consumersOf(s), "spy"].flatMap((c) => build(`${s}.${c}`))),
      ),
    ),
  ];
}

function describePublishing(): Attempts[] {
  const publish = (subject: string): Attempt => ({ subject, data: "forged" });
  const clusters = [theirs, mine, "*", ">"];
  return [
    ...[...channels, "live.events", "live.logs", "live.controls"].map((channel) => ({
      name: `publish ${channel}`,
      attempts: clusters.flatMap((cluster) =>
        [runIds.queued, newRun, "*", ">", "a.b"].map((run) => publish(`cd.v1.${channel}.${cluster}.${run}`)),
      ),
    })),
    {
      name: "publish elsewhere",
      attempts: ["cd.v1.events", `cd.v1.events.${theirs}`, `cd.v1.events.${mine}`, "cd", ">", "x.y"].map(publish),
    },
  ];
}

const setHeaders = (fields: Readonly<Record<string, string>>): MsgHdrs => {
  const all = headers();
  for (const [name, value] of Object.entries(fields)) all.set(name, value);
  return all;
};

/** Headers that make a server do more than store the message. */
const powers: readonly Readonly<Record<string, string>>[] = [
  { "Nats-Rollup": "all" },
  { "Nats-Rollup": "sub" },
  { "Nats-Msg-Id": "theirs-1" },
  { "Nats-TTL": "1s" },
  { "Nats-Expected-Stream": buildStreamName("events", theirs) },
  { "Nats-Trace-Dest": `cd.v1.events.${theirs}.${newRun}` },
  { "Nats-Trace-Dest": `$JS.API.STREAM.PURGE.${buildStreamName("events", theirs)}` },
  { "Nats-Schedule": "@at 2020-01-01T00:00:00Z", "Nats-Schedule-Target": `cd.v1.events.${theirs}.${newRun}` },
  { "Nats-Batch-Id": "b", "Nats-Batch-Sequence": "1", "Nats-Batch-Commit": "1" },
  { "KV-Operation": "PURGE", "Nats-Rollup": "sub" },
];

function describeHeaders(): Attempts[] {
  const events = [mine, theirs].map((cluster) => `cd.v1.events.${cluster}.${newRun}`);
  const subjects = [...events, `cd.v1.agents.${mine}.me`, buildRecordSubject("webhooks", "a-team.new")];
  const attempts = powers.flatMap((fields) =>
    subjects.map((subject) => ({ subject, data: "forged", headers: setHeaders(fields) })),
  );
  return [{ name: "headers with powers", attempts }];
}

const verdicts = ["+ACK", "", "-NAK", '-NAK {"delay":1}', "+TERM", "+WPI", "+NXT", '+NXT {"batch":100}'];

function describeAcknowledging(): Attempts[] {
  const deliveries = [1, 2].flatMap((sequence) => [
    `1.${sequence}.${sequence}.1795382903000000000.0`,
    `9.${sequence}.9.1.0`,
  ]);
  const consumers = [`requests-${theirs}.${theirs}`, `requests-${theirs}.${mine}`, `requests-${mine}.${theirs}`];
  const foreign = [...consumers, `requests-${mine}.${mine}`, `events-${theirs}.spy`].flatMap((name) =>
    deliveries.flatMap((delivery) => [`$JS.ACK.${name}.${delivery}`, `$JS.ACK._.HUB.${name}.${delivery}.x`]),
  );
  return [
    {
      name: "acknowledge",
      attempts: foreign.flatMap((subject) => verdicts.map((data) => ({ subject, data }))),
    },
    {
      name: "flow control",
      attempts: streams.map((stream) => ({ subject: `$JS.FC.${stream}.spy.x` })),
    },
  ];
}

function describeRecords(): Attempts[] {
  const keys = [
    ...[recordKey, "container.new", ">", "*"].map((key) => buildRecordSubject("resources", key)),
    ...[webhooksKey, "a-team.new", ">"].map((key) => buildRecordSubject("webhooks", key)),
  ];
  const put = (subject: string): Attempt => ({ subject, data: "forged" });
  const remove = (subject: string, operation: string): Attempt => ({
    subject,
    headers: setHeaders({ "KV-Operation": operation, "Nats-Rollup": "sub" }),
  });
  return [
    { name: "KV put", attempts: [...keys, `HUB.${keys[0] ?? ""}`].map(put) },
    { name: "KV delete", attempts: keys.flatMap((key) => [remove(key, "DEL"), remove(key, "PURGE")]) },
  ];
}

/** What a server is managed with. `hub` and `server` are ids; `forged` is an account that somebody else has signed. */
function describeSystem({ hub, server, forged }: SystemTargets): Attempts[] {
  const subjects = [
    ...["PING", "PING.STATSZ", "PING.JSZ", "PING.CONNZ", "PING.ACCOUNTZ", `${server}.JSZ`, `${server}.RELOAD`].map(
      (rest) => `SERVER.${rest}`,
    ),
    ...["CLAIMS.LOOKUP", "CLAIMS.UPDATE", "CONNZ", "INFO", "JSZ", "SUBSZ", "CONNS"].map(
      (rest) => `ACCOUNT.${hub}.${rest}`,
    ),
    ...["PING.CONNZ", "PING.STATZ"].map((rest) => `ACCOUNT.${rest}`),
    "CLAIMS.LIST",
    "CLAIMS.PACK",
    "CLAIMS.UPDATE",
    "CLAIMS.DELETE",
    "USER.INFO",
    "USER.AUTH",
    `SERVER.${server}.KICK`,
    `SERVER.${server}.LDM`,
  ];
  return [{ name: "system", attempts: subjects.map((rest) => ({ subject: `$SYS.REQ.${rest}`, data: forged })) }];
}

export interface SystemTargets {
  readonly hub: string;
  readonly server: string;
  readonly forged: string;
}

/** The reply trick: to have the server send its answer where we may not. `inbox` is one of somebody else's. */
function describeReplies(inbox: string, allowed: readonly Attempt[]): Attempts[] {
  const targets = [
    ...["requests", "events", "logs", "controls", "live.events", "live.controls"].map(
      (channel) => `cd.v1.${channel}.${theirs}.${newRun}`,
    ),
    `cd.v1.agents.${theirs}.me`,
    `$KV.resources.${recordKey}`,
    `$JS.API.STREAM.PURGE.events-${theirs}`,
    `$JS.API.STREAM.DELETE.requests-${theirs}`,
    `HUB.API.STREAM.DELETE.requests-${theirs}`,
    `HUB.API.CONSUMER.MSG.NEXT.requests-${theirs}.${theirs}`,
    `$JS.ACK.requests-${theirs}.${theirs}.1.1.1.1795382903000000000.0`,
    "$SYS.REQ.CLAIMS.DELETE",
    inbox,
  ];
  return targets.map((reply) => ({
    name: `reply to ${reply.replace(inbox, "another's inbox")}`,
    attempts: allowed.map((attempt) => ({ ...attempt, reply })),
  }));
}

export interface Targets extends SystemTargets {
  readonly inbox: string;
  /** One of each that may be sent. */
  readonly allowed: readonly Attempt[];
}

/** Everything. */
export function describeAttempts(targets: Targets): Attempts[] {
  return [
    ...describeApi(targets.hub),
    ...describePublishing(),
    ...describeHeaders(),
    ...describeAcknowledging(),
    ...describeRecords(),
    ...describeSystem(targets),
    ...describeReplies(targets.inbox, targets.allowed),
  ];
}

/** What somebody curious could listen to. */
export const listened: readonly string[] = [
  [...channels, "live.events", "live.logs", "live.controls"].map((channel) => `cd.v1.${channel}.${theirs}.*`),
  [">", "*", "*.>", "*.*.*.*.*", "_INBOX.>", "_INBOX.*", "_R_.>", "cd.>", "cd.v1.live.>", "cd.v1.*.*.*"],
  ["$JS.>", "$JS.API.>", "$JS.ACK.>", "$JS.EVENT.>", "$KV.>", "$KV.resources.>", "HUB.API.>", "$SYS.>", "$SRV.>"],
].flat();
