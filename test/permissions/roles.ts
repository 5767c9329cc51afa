/** What the holders of credentials may do, spelled out by hand: the rest must be refused. */
import { mine, newRun, runIds, webhooksKey, type Attempt } from "./attempts.ts";

export interface Role {
  /** One of each that it may send. */
  readonly sends: readonly Attempt[];
  /** May it send this? */
  allows(attempt: Attempt): boolean;
  /** Streams whose contents it may change. */
  readonly writes: ReadonlySet<string>;
  /** What may be heard in the hub of what it sends, and of how the server works. */
  readonly usual: RegExp;
}

const json = (value: unknown) => JSON.stringify(value);
const readingSends = (channel: string): Attempt[] => [
  { subject: `HUB.API.DIRECT.GET.${channel}-${mine}.cd.v1.${channel}.${mine}.${runIds.queued}` },
  { subject: `HUB.API.DIRECT.GET.${channel}-${mine}`, data: json({ seq: 1 }) },
];
const hasOneMore = (subject: string, start: string) =>
  subject.startsWith(start) && /^[^.]+$/.test(subject.slice(start.length));
const isReading = (channel: string, subject: string) =>
  subject === `HUB.API.DIRECT.GET.${channel}-${mine}` ||
  hasOneMore(subject, `HUB.API.DIRECT.GET.${channel}-${mine}.cd.v1.${channel}.${mine}.`);

/** The agent of cluster `mine`. */
export const agentRole: Role = {
  sends: [
    { subject: `HUB.API.CONSUMER.MSG.NEXT.requests-${mine}.${mine}`, data: json({ batch: 1, no_wait: true }) },
    { subject: `HUB.API.CONSUMER.INFO.requests-${mine}.${mine}` },
    { subject: `$JS.ACK.requests-${mine}.${mine}.1.1.1.1795382903000000000.0`, data: "+WPI" },
    { subject: `cd.v1.events.${mine}.${newRun}`, data: "an event" },
    { subject: `cd.v1.logs.${mine}.${newRun}`, data: "a chunk" },
    { subject: `cd.v1.agents.${mine}.me`, data: "me" },
    ...["events", "logs", "controls"].flatMap(readingSends),
  ],
  allows({ subject }) {
    const exactly = [`CONSUMER.MSG.NEXT.requests-${mine}.${mine}`, `CONSUMER.INFO.requests-${mine}.${mine}`];
    if (exactly.some((rest) => subject === `HUB.API.${rest}`)) return true;
    if (subject.startsWith(`$JS.ACK.requests-${mine}.${mine}.`)) return true;
    if (["events", "logs", "controls"].some((channel) => isReading(channel, subject))) return true;
    return ["events", "logs", "agents"].some((channel) => hasOneMore(subject, `cd.v1.${channel}.${mine}.`));
  },
  writes: new Set(["requests", "events", "logs", "agents"].map((channel) => `${channel}-${mine}`)),
  usual: new RegExp(`^(cd\\.v1\\.(live\\.)?(events|logs|agents)\\.${mine}\\.|\\$JS\\.|_INBOX\\.|_R_\\.)`),
};

/** A team that may read the events of cluster `mine`: no logs, and nothing to write to. */
export const teamRole: Role = {
  sends: readingSends("events"),
  allows: ({ subject }) => isReading("events", subject),
  writes: new Set(),
  // The server's own audit of what the test itself asks comes when it comes.
  usual: /^(\$JS\.EVENT\.|\$JS\.API\.DIRECT\.|_INBOX\.|_R_\.)/,
};

/** The program that delivers webhooks of cluster `mine`: as a team, and it keeps how far it is. */
export const webhooksRole: Role = {
  sends: [
    ...teamRole.sends,
    { subject: `$KV.webhooks.${webhooksKey}`, data: "how far" },
    { subject: `HUB.API.DIRECT.GET.KV_webhooks.$KV.webhooks.${webhooksKey}` },
  ],
  allows: (attempt) =>
    teamRole.allows(attempt) ||
    ["$KV.webhooks.", "HUB.API.DIRECT.GET.KV_webhooks.$KV.webhooks."].some((start) =>
      attempt.subject.startsWith(start),
    ),
  writes: new Set(["KV_webhooks"]),
  usual: /^(\$JS\.EVENT\.|\$JS\.API\.DIRECT\.|\$KV\.webhooks\.|_INBOX\.|_R_\.)/,
};
